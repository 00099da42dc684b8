"""Uploads: judged piece by piece, every byte accounted for, and no way to hide what a file is for."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import rewrite
from passgate.codecs.llm.files import upload
from passgate.codecs.llm.files.upload import Forward, Judge, Piece, UploadReader
from passgate.codecs.llm.operations import find_operation
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import said
from tests.unit.codecs.llm.files.forms import CONTENT_TYPE, cut, field, file, form

LINE = orjson.dumps(
    {"custom_id": "c", "method": "POST", "url": "/v1/embeddings", "body": {"model": "m", "input": "alice@example.com"}}
)
LINES = LINE + b"\n \n" + LINE + b"\r\n" + LINE
BATCH = form(field("purpose", "batch"), file(LINES))
LATE = form(file(LINES), field("purpose", "batch"))


def read(data: bytes, sizes: list[int] | None = None) -> list[Piece]:
    operation = find_operation("POST", "/v1/files")
    assert operation is not None
    reader = UploadReader(operation, CONTENT_TYPE)
    pieces = [piece for part in cut(data, sizes or []) for piece in reader.feed(part)]
    reader.finish()
    return pieces


def calls(pieces: list[Piece]) -> list[Call]:
    return [piece.call for piece in pieces if isinstance(piece, Judge)]


def sent(pieces: list[Piece], mask: bytes | None = None) -> bytes:
    """What goes upstream, editable texts replaced by ``mask``."""
    out = b""
    for piece in pieces:
        if isinstance(piece, Forward):
            out += piece.data
        else:
            leaves = [leaf for leaf in piece.call.leaves if not leaf.fixed]
            out += rewrite(piece.call, [(leaf, mask) for leaf in leaves] if mask is not None else [])
    return out


@pytest.mark.parametrize("data", [BATCH, LATE], ids=["purpose first", "purpose last"])
def test_each_line_of_a_batch_is_a_call_of_its_path(data: bytes) -> None:
    lines = [call for call in calls(read(data)) if call.operation.name == "openai.embeddings"]
    assert [said(call)["/body/input"] for call in lines] == [(Field.INPUT, "alice@example.com", False)] * 3
    assert action_of(lines[0], [], provider="openai").kind == "llm.embed"
    assert sent(read(data), b"<<X>>") == data.removesuffix(b"\r\n").replace(b"alice@example.com", b"<<X>>")


@given(
    st.sampled_from((BATCH, LATE, form(file(b"plain text", "a.txt")), form(file(bytes(range(256)) * 3, "a.pdf")))),
    st.lists(st.integers(1, 50), max_size=4),
)
def test_however_it_is_cut_the_same_is_judged_and_every_byte_goes_on(data: bytes, sizes: list[int]) -> None:
    pieces = read(data, sizes)
    assert sent(pieces) == data.removesuffix(b"\r\n")
    assert [(call.body, said(call)) for call in calls(pieces)] == [
        (call.body, said(call)) for call in calls(read(data))
    ]


def test_text_is_looked_at_as_a_whole() -> None:
    pieces = read(form(field("purpose", "user_data"), file("Grüße an alice@example.com\n".encode(), "note.txt")))
    texts = {leaf.pointer: leaf for call in calls(pieces) for leaf in call.leaves}
    assert texts["(file)"].text == "Grüße an alice@example.com\n".encode()
    assert (texts["(file)"].field, texts["(file)"].fixed) == (Field.FILE, False)
    assert b"\r\n\r\n<<X>>\r\n--" in sent(pieces, b"<<X>>")


@pytest.mark.parametrize("content", [b"%PDF-1.7\n\xff\xfe", b"a\x00b", b"x" * 70_000 + b"\xff" + b"y" * 70_000])
def test_what_is_no_text_cannot_be_looked_at_and_policy_is_told(content: bytes) -> None:
    data = form(field("purpose", "user_data"), file(content, "a.pdf"))
    pieces = read(data, [1000])
    opaque = [call for call in calls(pieces) if call.opaque]
    assert len(opaque) == 1
    assert not action_of(opaque[0], [], provider="openai").complete
    assert sent(pieces) == data.removesuffix(b"\r\n")


def test_large_files_that_are_no_text_go_on_as_they_come() -> None:
    operation = find_operation("POST", "/v1/files")
    assert operation is not None
    reader = UploadReader(operation, CONTENT_TYPE)
    list(reader.feed(form(file(b"\x00" * 70_000, "a.bin"))[:-40]))
    assert any(isinstance(piece, Forward) for piece in reader.feed(b"\x00" * 10_000))


def test_text_that_is_cut_in_a_character_is_text() -> None:
    content = ("ä" * 40_000).encode()
    (call,) = (
        call for call in calls(read(form(file(b"x" + content, "a.txt")), [65_535])) if call.body.endswith(content)
    )
    assert call.opaque == ()


def test_names_and_fields_are_looked_at_and_never_edited() -> None:
    pieces = read(
        form(field("purpose", "assistants"), field("who", "bob@example.com"), file(b"x", "alice@example.com.txt"))
    )
    fixed = [leaf for call in calls(pieces) for leaf in call.leaves if leaf.fixed]
    assert any(b"filename: alice@example.com.txt" in leaf.text for leaf in fixed)
    assert any(leaf.text == b"bob@example.com" and leaf.field is Field.METADATA for leaf in fixed)


def test_an_empty_file() -> None:
    assert sent(read(form(field("purpose", "batch"), file(b"")))).endswith(b"--")
    assert all(not call.opaque for call in calls(read(form(file(b"", "a.txt")))))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (form(field("purpose", "batch"), file(b"nope\n")), "line 1: not JSON"),
        (form(field("purpose", "batch"), file(LINE + b"\n{}{}\n")), "line 2: not JSON"),
        (form(field("purpose", "fine-tune"), file(b"nope", "a.txt")), "line 1"),
        (form(file(LINES, "a.txt"), field("purpose", "batch")), "must be named .jsonl"),
        (form(file(LINES, "a.txt"), field("purpose", " Batch")), "one word in small letters"),
        (form(field("file", "{}"), file(LINES, "a.txt")), "the file of a form is called file"),
        (form(field("File ", "{}"), file(LINES, "a.txt")), "the file of a form is called file"),
        (form(file(LINES, "a.txt", "other"), field("purpose", "user_data")), "the file of a form is called file"),
        (form(file(b"\x00", "a.pdf"), field("purpose", "fine-tune")), "must be named .jsonl"),
        (form(file(b"{}"), file(b"{}")), "more than one file"),
        (form(field("purpose", "batch")), "has no file"),
        (form(field("purpose", "a"), field("purpose", "batch"), file(b"{}", "a.txt")), "a field twice"),
        (form(field("purpose", "x" * 70_000), file(b"{}")), "more than 65536 bytes"),
        (form(b'Content-Disposition: form-data; name="purpose"\r\n\r\n\xff', file(b"{}")), "must be UTF-8"),
        (BATCH[:-30], "ends too early"),
    ],
)
def test_what_is_no_upload_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        read(data)


def test_text_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "MAX_TEXT", 100)
    with pytest.raises(RemoteProtocolError, match="more than 100 bytes"):
        read(form(file(b"x" * 101, "a.txt")))


@pytest.mark.parametrize(
    "name", ["Purpose", "PURPOSE", "purpose[]", "purpose[0]", "%70urpose", "_charset_", "a b", "file[]", "p\u0443"]
)
def test_a_field_that_another_reader_may_take_for_what_steers_is_refused(name: str) -> None:
    """A batch under another purpose would be looked at as a text: its lines would not be judged as calls."""
    with pytest.raises(RemoteProtocolError, match="a field of the form"):
        read(form(field(name, "batch"), file(LINES, "a.txt")))


@pytest.mark.parametrize("purpose", ["\uff42atch", "bat\u200bch", "batch\x00"[:5] + "\t", "", "batch,assistants"])
def test_a_purpose_that_is_no_plain_word_is_refused(purpose: str) -> None:
    with pytest.raises(RemoteProtocolError, match="one word in small letters"):
        read(form(field("purpose", purpose), file(b"x", "a.txt")))


def test_fields_with_members_and_new_purposes_pass() -> None:
    read(form(field("purpose", "user_data-2"), field("expires_after[anchor]", "created_at"), file(b"x", "a.txt")))
