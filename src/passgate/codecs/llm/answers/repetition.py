"""Events that say the same as one before, but for their piece of text: most of a stream. They need no second reading.

What an event is was found out once, with everything in it judged. Another whose bytes are the same, except for the one string
that its text stands in, the number of the event and its filler, is the same thing: no byte in which it could differ is left.
"""

import re
from dataclasses import dataclass

import orjson

from passgate.codecs.llm.answers.frame import Frame, Key
from passgate.codecs.llm.answers.sse import Event
from passgate.codecs.llm.answers.streamed_text import Part, StreamedText
from passgate.core.errors import RemoteProtocolError

_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]++|\\["\\/bfnrt])*+)"')
"""Without ``\\u``: half of a surrogate pair would have to be refused."""

_NUMBER = re.compile(rb"(?:0|[1-9][0-9]{0,15})(?![0-9.eE])")
_FILLER = re.compile(rb'"obfuscation":"([A-Za-z0-9_.:/+=-]{0,64})"')
_FILLING = re.compile(rb"[A-Za-z0-9_.:/+=-]{0,64}(?=\")")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """``literals``: what stands in front of each hole, and behind the last. ``holes``: the patterns of what differs."""

    name: bytes
    key: Key
    text: StreamedText
    literals: list[bytes]
    holes: list[re.Pattern[bytes]]

    def read(self, event: Event) -> tuple[Part, int | None] | None:
        """The piece of text and the number of an event that repeats this one; None if it does not.

        Raises RemoteProtocolError for text that is not UTF-8.
        """
        data = event.data
        if data is None or event.name != self.name:
            return None
        at = 0
        part: Part | None = None
        number: int | None = None
        for literal, hole in zip(self.literals, self.holes, strict=False):
            if not data.startswith(literal, at):
                return None
            found = hole.match(data, at + len(literal))
            if found is None:
                return None
            at = found.end()
            if hole is _STRING:
                part = Part(_text(found), found.start(), at)
            elif hole is _NUMBER:
                number = int(found.group())
        last = self.literals[-1]
        if part is None or len(data) - at != len(last) or not data.endswith(last):
            return None
        return part, number


def repetition(event: Event, frame: Frame, text: StreamedText) -> Repetition | None:
    """What other events may repeat of this one; ``text``: the one that it goes on with. None if it does more than that.

    What stands whole in it must have been found clean: it will not be looked at again.
    """
    if event.start < 0 or event.others or event.data is None or len(frame.streamed) != 1:
        return None
    if frame.copies or frame.begins or frame.ends or frame.last:
        return None
    [(key, leaf)] = frame.streamed
    places = [(leaf.start, leaf.end, _STRING)]
    if frame.number is not None:
        places.append((*frame.number[:2], _NUMBER))
    filler = _FILLER.search(event.data)
    if filler is not None:
        places.append((*filler.span(1), _FILLING))
    places.sort(key=lambda place: place[0])
    literals = []
    at = 0
    for start, end, _ in places:
        literals.append(event.data[at:start])
        at = end
    literals.append(event.data[at:])
    return Repetition(
        name=event.name,
        key=key,
        text=text,
        literals=literals,
        holes=[hole for *_, hole in places],
    )


def _text(found: re.Match[bytes]) -> bytes:
    text = found.group(1)
    if b"\\" in text:
        return _unescaped(found.group())
    if not text.isascii():
        try:
            text.decode()
        except UnicodeDecodeError:
            raise RemoteProtocolError("not JSON: a string is not UTF-8") from None
    return text


def _unescaped(token: bytes) -> bytes:
    try:
        said: str = orjson.loads(token)
    except orjson.JSONDecodeError:
        raise RemoteProtocolError("not JSON: a string is not UTF-8") from None
    return said.encode()
