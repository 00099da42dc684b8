"""Forms: every byte accounted for however they are cut, and nothing that two readers would read differently."""

import email
import email.policy
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.files import multipart
from passgate.codecs.llm.files.multipart import Content, FormEnd, Item, MultipartReader, PartEnd, PartHead
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.llm.files.forms import BOUNDARY, CONTENT_TYPE, cut, field, file, form

SIZES = st.lists(st.integers(1, 40), max_size=5)


def read(data: bytes, sizes: list[int] | None = None) -> list[Item]:
    reader = MultipartReader(CONTENT_TYPE)
    items = [item for piece in cut(data, sizes or []) for item in reader.feed(piece)]
    reader.finish()
    return items


def parts(items: list[Item]) -> list[tuple[str, str | None, str, bytes]]:
    found: list[tuple[str, str | None, str, bytes]] = []
    for item in items:
        if isinstance(item, PartHead):
            found.append((item.name, item.filename, item.content_type, b""))
        elif isinstance(item, Content):
            found[-1] = (*found[-1][:3], found[-1][3] + item.data)
    return found


def data_of(items: list[Item]) -> bytes:
    return b"".join(item.data for item in items if not isinstance(item, PartEnd))


FORM = form(field("purpose", "batch"), file(b"\r\n-- \r\n--" + BOUNDARY[:5].encode() + b"\n\x00\xff"))


def test_parts_are_what_they_say() -> None:
    assert parts(read(FORM)) == [
        ("purpose", None, "", b"batch"),
        ("file", "batch.jsonl", "application/octet-stream", b"\r\n-- \r\n--" + BOUNDARY[:5].encode() + b"\n\x00\xff"),
    ]


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=3), SIZES)
def test_any_content_cut_in_any_way(contents: list[bytes], sizes: list[int]) -> None:
    data = form(*(file(content, name=f"f{number}") for number, content in enumerate(contents)))
    items = read(data, sizes)
    assert data_of(items) == data.removesuffix(b"\r\n")
    assert [content for *_, content in parts(items)] == contents


@given(SIZES)
def test_the_last_line_break_may_be_missing(sizes: list[int]) -> None:
    whole = FORM.removesuffix(b"\r\n")
    assert data_of(read(whole, sizes)) == whole


def test_another_reader_reads_the_same() -> None:
    message = email.message_from_bytes(
        f"Content-Type: {CONTENT_TYPE}\r\n\r\n".encode() + FORM, policy=email.policy.HTTP
    )
    theirs = [
        (part.get_param("name", header="content-disposition"), part.get_filename()) for part in message.iter_parts()
    ]
    assert theirs == [(name, filename) for name, filename, *_ in parts(read(FORM))]


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=abc",
        'Multipart/Form-Data;boundary="a b:c"',
        "multipart/form-data ; boundary=----WebKitFormBoundaryAbC0",
    ],
)
def test_boundaries_of_usual_clients(content_type: str) -> None:
    MultipartReader(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=a; boundary=b",
        "multipart/form-data; boundary=a; charset=utf-8",
        "multipart/mixed; boundary=a",
        'multipart/form-data; boundary="a ',
        "multipart/form-data; boundary=" + "a" * 71,
        'multipart/form-data; boundary="a "',
        "multipart/form-data; boundary=ä",
    ],
)
def test_boundaries_that_could_be_misread(content_type: str) -> None:
    with pytest.raises(RemoteProtocolError):
        MultipartReader(content_type)


B = BOUNDARY.encode()
HEAD = b'Content-Disposition: form-data; name="a"'


def one(head: bytes, content: bytes = b"x") -> bytes:
    return form(head + b"\r\n\r\n" + content)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"--" + B + b"--\r\n",
        b"--" + B + b"--",
        b"preamble\r\n" + FORM,
        b"\r\n" + FORM,
        FORM + b"x",
        FORM + b"\r\n",
        FORM[:-4],
        FORM[:-10],
        FORM.replace(b"\r\n", b"\n"),
        FORM.replace(b"--" + B + b"\r\n", b"--" + B + b" \r\n"),
        one(HEAD, b"a\n--" + B + b"\r\nb"),
        one(HEAD, b"--" + B + b"\r\n"),
        one(HEAD, b"a --" + B + b" b"),
        one(HEAD, b"a\r\n--" + B + b"extra\r\n"),
        one(b""),
        one(b"Content-Disposition: form-data"),
        one(b'Content-Disposition: attachment; name="a"'),
        one(b'Content-Disposition: form-data; filename="a"'),
        one(HEAD + b'; name="b"'),
        one(HEAD + b'; filename="b"; filename="c"'),
        one(HEAD + b"; filename*=utf-8''x"),
        one(HEAD + b'; other="x"'),
        one(rb'Content-Disposition: form-data; name="a\"b"'),
        one(b"Content-Disposition: form-data; name=a b"),
        one(HEAD + b"\r\n" + HEAD),
        one(HEAD + b"\r\n folded"),
        one(HEAD + b"\r\nContent-Transfer-Encoding: base64"),
        one(HEAD + b"\r\nContent-Transfer-Encoding: quoted-printable"),
        one(HEAD + b"\r\nX-Odd: \xff"),
        one(HEAD + b"\r\nno header"),
        one(HEAD + b"\r\nX : y"),
        one(HEAD + b"\r\nX-Long: " + b"a" * 9000),
    ],
)
@pytest.mark.parametrize("sizes", [[], [1], [7]])
def test_what_could_be_misread_is_refused(data: bytes, sizes: list[int]) -> None:
    with pytest.raises(RemoteProtocolError):
        read(data, sizes)


def test_headers_without_an_end_are_bounded() -> None:
    reader = MultipartReader(CONTENT_TYPE)
    endless = b"--" + B + b"\r\n" + (b"X: " + b"a" * 200 + b"\r\n") * 100
    with pytest.raises(RemoteProtocolError, match="headers of a part"):
        list(reader.feed(endless))


def test_the_number_of_parts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_PARTS", 2)
    assert len(parts(read(form(field("a", "1"), field("b", "2"))))) == 2
    with pytest.raises(RemoteProtocolError, match="more than 2 parts"):
        read(form(field("a", "1"), field("b", "2"), field("c", "3")))


def test_content_goes_on_as_it_comes() -> None:
    """Nothing of a file is kept but what may be the beginning of a delimiter."""
    reader = MultipartReader(CONTENT_TYPE)
    list(reader.feed(form(file(b"A"))[: -len(BOUNDARY) - 9]))
    for _ in range(20):
        assert list(reader.feed(b"x" * 1000)) != []
        assert sum(len(item.data) for item in reader.feed(b"y" * 1000) if isinstance(item, Content)) >= 1000 - 2 * len(
            BOUNDARY
        )


def test_a_part_that_is_plainly_encoded() -> None:
    assert parts(read(one(HEAD + b"\r\nContent-Transfer-Encoding: Binary", b"z")))[0][3] == b"z"
    assert isinstance(read(FORM)[-1], FormEnd)


def test_a_header_of_blanks_is_read_at_once() -> None:
    """Blanks on both sides of a value could be parted in so many ways that one part was minutes of work."""
    head = b'Content-Disposition: form-data; name="a"\r\nX:' + b" " * 4000 + b"\x00"
    started = time.process_time()
    with pytest.raises(RemoteProtocolError, match="header that is none"):
        read(one(head))
    assert time.process_time() - started < 10
    padded = b'Content-Disposition: \t form-data; name="a" \t '
    assert parts(read(one(padded)))[0][0] == "a"
