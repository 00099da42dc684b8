import pytest

from passgate.testing.llm_provider.asked import BadRequestError
from passgate.testing.llm_provider.multipart import parse

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a b.jsonl"\r\nContent-Type: text/plain\r\n\r\n'
    b"one\r\n\r\ntwo\r\n--b--\r\n"
)


def test_parts_are_kept_to_the_byte() -> None:
    parts = parse('multipart/form-data; boundary="b"', FORM)
    assert parts["purpose"].data == b"batch"
    assert parts["file"].filename == "a b.jsonl"
    assert parts["file"].data == b"one\r\n\r\ntwo"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", FORM),
        ("multipart/form-data; boundary=b", FORM[:-6]),
        ("multipart/form-data; boundary=b", b"--b\r\nno head--b--"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b--"),
    ],
)
def test_broken_forms_are_refused(content_type: str, body: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse(content_type, body)
