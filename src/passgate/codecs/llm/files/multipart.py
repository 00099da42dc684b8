"""Forms with files in them (RFC 7578, RFC 2046 section 5.1), read as they come, every byte accounted for.

Strict where readers differ: one spelling of a delimiter, CRLF only, one Content-Disposition with each parameter once, nothing
before the first part and nothing after the last. What one reader takes for content and another for a part would go unseen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from passgate.codecs.llm.headers import is_utf8
from passgate.core.errors import RemoteProtocolError

MAX_HEAD = 8 * 1024
"""Bytes of the headers of one part."""

MAX_PARTS = 64

_BOUNDARY = re.compile(
    r"""multipart/form-data\s*;\s*boundary="""
    r"""(?:"([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])"|([0-9A-Za-z'+_.-]{1,70}))\s*""",
    re.IGNORECASE | re.ASCII,
)
_HEADER = re.compile(rb"([A-Za-z0-9-]{1,64}):([^\r\n\x00]*)")
_DISPOSITION = re.compile(r"""form-data((?:\s*;\s*[A-Za-z]{1,16}\*?=(?:"[^"\\]*"|[^\s";\\]+))+)\s*""", re.IGNORECASE)
_PARAMETER = re.compile(r"""\s*;\s*([A-Za-z]{1,16}\*?)=(?:"([^"\\]*)"|([^\s";\\]+))""")
_ENCODINGS = frozenset(("", "7bit", "8bit", "binary"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHead:
    """``data``: the delimiter and the headers, as they came. ``filename``: None for a plain field."""

    data: bytes
    name: str
    filename: str | None = None
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A piece of the content of the part that began last."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part that began last is whole."""


@dataclass(frozen=True, slots=True)
class FormEnd:
    """``data``: the last delimiter."""

    data: bytes


Item = PartHead | Content | PartEnd | FormEnd


class MultipartReader:
    """The data of all heads, contents and the end are together what came in."""

    def __init__(self, content_type: str) -> None:
        """``content_type``: the header's value. Raises RemoteProtocolError if it names no usable boundary."""
        found = _BOUNDARY.fullmatch(content_type.strip())
        if found is None:
            raise RemoteProtocolError("Content-Type must be multipart/form-data with a boundary")
        self._delimiter = b"\r\n--" + (found[1] or found[2]).encode()
        self._buffer = b""
        self._in_content = False
        self._begun = False
        self._ended = False
        self._parts = 0

    def feed(self, data: bytes) -> Iterator[Item]:
        """Raises RemoteProtocolError. Has to be gone through to its end."""
        self._buffer += data
        item = self._next()
        while item is not None:
            yield item
            item = self._next()

    def finish(self) -> None:
        """Raises RemoteProtocolError if the form is not whole."""
        if not self._ended or self._buffer not in (b"", b"\r\n"):
            raise RemoteProtocolError("the form ends too early, or something follows it")

    def _next(self) -> Item | None:
        if self._ended:
            if not b"\r\n".startswith(self._buffer):
                raise RemoteProtocolError("something follows the form")
            return None
        return self._content() if self._in_content else self._head()

    def _content(self) -> Item | None:
        """Up to the delimiter. Its hyphens and name stand nowhere else: some readers would take them for it."""
        at = self._buffer.find(self._delimiter[2:])
        if at < 0:
            at = len(self._buffer) - max(
                _overlap(self._buffer, self._delimiter), _overlap(self._buffer, self._delimiter[2:])
            )
        elif not self._buffer.startswith(b"\r\n", at - 2 if at >= 2 else len(self._buffer)):
            raise RemoteProtocolError("the boundary stands in the middle of a content")
        else:
            at -= 2
            if at == 0:
                self._in_content = False
                return PartEnd()
        if at == 0:
            return None
        content, self._buffer = self._buffer[:at], self._buffer[at:]
        return Content(content)

    def _head(self) -> Item | None:
        """The buffer begins with a delimiter, the first one without the line break before it."""
        delimiter = self._delimiter if self._begun else self._delimiter[2:]
        if len(self._buffer) < len(delimiter) + 2:
            if not delimiter.startswith(self._buffer[: len(delimiter)]):
                raise RemoteProtocolError("the form must begin with its boundary")
            return None
        after = self._buffer[len(delimiter) : len(delimiter) + 2]
        if not self._buffer.startswith(delimiter) or after not in (b"\r\n", b"--"):
            raise RemoteProtocolError("a boundary must stand in a line of its own")
        if after == b"--":
            return self._end(len(delimiter) + 2)
        end = self._buffer.find(b"\r\n\r\n", len(delimiter))
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                raise RemoteProtocolError(f"the headers of a part have more than {MAX_HEAD} bytes")
            return None
        return self._part(self._buffer[len(delimiter) + 2 : end], end + 4)

    def _end(self, size: int) -> FormEnd:
        if not self._begun:
            raise RemoteProtocolError("the form has no parts")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        self._ended = True
        return FormEnd(data)

    def _part(self, head: bytes, size: int) -> PartHead:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise RemoteProtocolError(f"the form has more than {MAX_PARTS} parts")
        if size > MAX_HEAD:
            raise RemoteProtocolError(f"the headers of a part have more than {MAX_HEAD} bytes")
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        headers = _headers(head)
        if headers.get("content-transfer-encoding", "").lower() not in _ENCODINGS:
            raise RemoteProtocolError("a part must not be encoded")
        if "content-encoding" in headers or not is_utf8(headers.get("content-type", "")):
            raise RemoteProtocolError("a part must be sent as it is, and its text be UTF-8")
        name, filename = _disposition(headers.get("content-disposition", ""))
        self._begun = self._in_content = True
        return PartHead(data=data, name=name, filename=filename, content_type=headers.get("content-type", ""))


def _overlap(text: bytes, delimiter: bytes) -> int:
    """How many bytes at the end of a text may begin the delimiter."""
    for size in range(min(len(delimiter) - 1, len(text)), 0, -1):
        if text.endswith(delimiter[:size]):
            return size
    return 0


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.split(b"\r\n"):
        found = _HEADER.fullmatch(line)
        if found is None:
            raise RemoteProtocolError("a part has a header that is none")
        name = found[1].decode().lower()
        if name in headers:
            raise RemoteProtocolError(f"a part has two headers of the name {name}")
        try:
            headers[name] = found[2].strip(b" \t").decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("the headers of a part must be UTF-8") from None
    return headers


def _disposition(value: str) -> tuple[str, str | None]:
    if _DISPOSITION.fullmatch(value) is None:
        raise RemoteProtocolError("a part must have a Content-Disposition of form-data with a name")
    parameters: dict[str, str] = {}
    for found in _PARAMETER.finditer(value):
        name = found[1].lower()
        if name in parameters or name.endswith("*"):
            raise RemoteProtocolError("a part's Content-Disposition must have each parameter once, in its plain form")
        parameters[name] = found[3] if found[2] is None else found[2]
    if "name" not in parameters or set(parameters) - {"name", "filename"}:
        raise RemoteProtocolError("a part's Content-Disposition must have a name, perhaps a filename, and nothing else")
    return parameters["name"], parameters.get("filename")
