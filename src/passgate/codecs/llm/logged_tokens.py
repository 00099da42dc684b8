"""The tokens of a text once more, each by itself, with what might have stood there (``logprobs``): what they say together, and
where all of them stand. No token is a finding by itself, so none can be masked: where something has to be, all of them go."""

import re
from collections.abc import Iterator

from passgate.codecs.llm.json_text import Json, Places
from passgate.core.errors import LocalProtocolError

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{}]', re.DOTALL)

_NAMES = frozenset(("content", "refusal", "token", "logprob", "bytes", "top_logprobs"))
_NAMES |= {"tokens", "token_logprobs", "text_offset"}  # of the older completions


class WholeValue(Places):
    """In the place of a document's places: the one value that stands behind a name."""

    __slots__ = ("_behind", "_name")

    def __init__(self, text: bytes, behind: Places, name: int) -> None:
        """``name``: the number of the name among the scalars of the document."""
        super().__init__(text)
        self._behind = behind
        self._name = name

    def span(self, number: int) -> tuple[int, int]:  # noqa: ARG002 - there is one
        _, name_ends = self._behind.span(self._name)
        return extent(self._text, name_ends)


def said_by(value: Json) -> Iterator[str]:
    """The tokens of each list, and their bytes, joined; every other string and every name by itself."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name not in _NAMES:
                yield name
            if not isinstance(member, (int, float)) and not (name == "bytes" and _numbers(member)):
                yield from said_by(member)
    elif isinstance(value, list):
        yield "".join(item if isinstance(item, str) else _token(item) for item in value)
        if spelled := b"".join(_spelled(item) for item in value):
            yield spelled.decode(errors="replace")
        for item in value:
            if not isinstance(item, str):
                yield from said_by(item)
    elif isinstance(value, str):
        yield value


def _numbers(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, int) for item in value)


def _token(item: Json) -> str:
    token = item.get("token") if isinstance(item, dict) else None
    return token if isinstance(token, str) else ""


def _spelled(item: Json) -> bytes:
    numbers = item.get("bytes") if isinstance(item, dict) else None
    if not isinstance(numbers, list):
        return b""
    return bytes(number for number in numbers if isinstance(number, int) and 0 <= number < 256)


def extent(text: bytes, at: int) -> tuple[int, int]:
    """Where the first object or list behind ``at`` begins and ends."""
    depth = start = 0
    for match in _TOKEN.finditer(text, at):
        mark = match.group()
        if mark in b"[{":
            start = start or match.start()
            depth += 1
        elif mark in b"]}":
            depth -= 1
            if not depth:
                return start, match.end()
    raise LocalProtocolError("the text is not the one that was read")
