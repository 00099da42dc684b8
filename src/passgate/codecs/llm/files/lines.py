"""JSON Lines: each line of a batch is a request to another path, read as it would be there."""

from collections.abc import Iterator

from passgate.codecs.llm.batch_bodies import BATCHED, Whole
from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import BODIES, read_body
from passgate.codecs.llm.json_text import Document, parse
from passgate.codecs.llm.operation import Operation
from passgate.codecs.llm.operations import OPERATIONS
from passgate.codecs.llm.rules import MARKER, Members, Text, member
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field

MAX_LINE = 32 * 1024 * 1024
"""Bytes, as of a request of its own."""

_OPERATIONS = {operation.path: operation for operation in OPERATIONS if operation.path in BATCHED}

_LINES = {
    path: Body(
        root=Members(
            known={"custom_id": MARKER, "method": MARKER, "url": MARKER, "body": Whole(body=BODIES[operation.name])}
        ),
        members=(
            Member(name="custom_id", kind="a string", required=True),
            Member(name="method", kind="a string", required=True, among=frozenset(("POST",))),
            Member(name="url", kind="a string", required=True),
            Member(name="body", kind="an object", required=True),
        ),
    )
    for path, operation in _OPERATIONS.items()
}
_TELLING = frozenset(("custom_id", "method", "url", "body"))

_FREE = Body(root=Members(known={"messages": Text(field=Field.FILE)}, other=Field.FILE))


class LineSplitter:
    """Lines with their line breaks; the last one may have none."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._pieces: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Raises RemoteProtocolError for a line that is too long."""
        at = 0
        while True:
            end = data.find(b"\n", at) + 1
            piece = data[at : end or len(data)]
            self._size += len(piece)
            if self._size > self._max_line:
                raise RemoteProtocolError(f"a line has more than {self._max_line} bytes")
            self._pieces.append(piece)
            if not end:
                return
            yield self._line()
            at = end

    def finish(self) -> bytes:
        return self._line()

    def _line(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return line


def read_line(line: bytes, upload: Operation) -> Call:
    """One line that is not blank. A line of a batch is a call of the operation that its ``url`` names; of any other kind of line
    everything is looked at, as part of the upload.

    Raises RemoteProtocolError: not strict JSON, an unknown ``url``, or not what that path takes.
    """
    document = parse(line)
    if not is_batched(document):
        return read_body(_FREE, upload, document)
    url = member(document.tree, "url")
    if not isinstance(url, str) or url not in _LINES:
        raise RemoteProtocolError("/url of a line must be a path that batches can have")
    return read_body(_LINES[url], _OPERATIONS[url], document)


def is_batched(document: Document) -> bool:
    """Whether a line has anything of a batch's."""
    return isinstance(document.tree, dict) and any(name.casefold() in _TELLING for name in document.tree)
