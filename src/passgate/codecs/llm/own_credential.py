"""The gate's own credential at a provider, wherever an answer repeats it and however that is written.

A provider that refuses a key may quote it, and so may whatever stands before the provider: in JSON, in JSON inside of strings, in
a page of HTML, in a URL, as the header it came in (base 64), in a dump.
"""

import base64
from collections.abc import Mapping
from functools import lru_cache
from html.entities import html5
from typing import Final

import re2

from passgate.core.masker import Lane, Shown

WITHHELD: Final = b"[REDACTED:CREDENTIAL]"

_LONGEST_SPELLING: Final = 24
"""Bytes that one character of it is written with at most, where a stream is cut in the middle of it."""

_SURE: Final = 8
"""Characters of base 64 that are not met by chance."""

_NAMES: Final[dict[str, list[str]]] = {}
for _name, _said in html5.items():
    if _name.endswith(";") and len(_said) == 1 and _said.isascii():
        _NAMES.setdefault(_said, []).append(_name)


class OwnCredential:
    """Safe to share between threads."""

    def __init__(self, secret: str) -> None:
        """``secret``: printable ASCII, which is all that a header can hold."""
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.log_errors = False
        self._any = re2.compile("|".join(_spellings(secret)).encode("ascii"), options)
        self._reach = _LONGEST_SPELLING * len(secret)

        self._plain = secret.encode("ascii")

    def lane(self, lane: Lane) -> Lane:
        """A lane whose text says it nowhere in plain, in whatever pieces it comes: of two events neither holds it."""
        return _WithoutIt(lane, self._plain)

    def stands_in(self, text: bytes) -> bool:
        return self._any.search(text) is not None

    def taken_out(self, text: bytes) -> bytes:
        """The same object where it is not in there."""
        return self._any.sub(WITHHELD, text) if self._any.search(text) is not None else text

    def unsettled(self, text: bytes) -> int:
        """How many bytes at the end of a stream's beginning have to wait for what follows. It has no line's end in it."""
        line = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
        return min(len(text) - line, self._reach)


class _WithoutIt:
    """Holds back what may be its beginning, and nothing else: in front of the lane that looks at the text."""

    __slots__ = ("_lane", "_secret", "_unsaid")

    def __init__(self, lane: Lane, secret: bytes) -> None:
        self._lane = lane
        self._secret = secret
        self._unsaid = b""

    @property
    def held(self) -> int:
        return self._lane.held + len(self._unsaid)

    @property
    def masked(self) -> Mapping[str, int]:
        return self._lane.masked

    @property
    def restored(self) -> Mapping[str, int]:
        return self._lane.restored

    def feed(self, data: bytes) -> Shown:
        text = (self._unsaid + data).replace(self._secret, WITHHELD)
        said = len(text) - _begun(text, self._secret)
        self._unsaid = text[said:]
        return self._lane.feed(text[:said])

    def finish(self) -> Shown:
        rest, self._unsaid = self._unsaid, b""
        if not rest:
            return self._lane.finish()
        first, last = self._lane.feed(rest), self._lane.finish()
        return Shown(delivered=first.delivered + last.delivered, recorded=first.recorded + last.recorded)

    def whole(self, data: bytes) -> Shown:
        text, self._unsaid = self._unsaid + data, b""
        return self._lane.whole(text.replace(self._secret, WITHHELD))


def _begun(text: bytes, secret: bytes) -> int:
    """Bytes at the end of a text with which ``secret`` begins, and which do not hold all of it."""
    tail = text[-(len(secret) - 1) :] if len(secret) > 1 else b""
    at = tail.find(secret[:1])
    while at >= 0:
        if secret.startswith(tail[at:]):
            return len(tail) - at
        at = tail.find(secret[:1], at + 1)
    return 0


@lru_cache(maxsize=64)
def own_credential(secret: str) -> OwnCredential:
    return OwnCredential(secret)


def _spellings(secret: str) -> list[str]:
    found = ["".join(map(_character, secret)), f"(?i:{secret.encode().hex()})"]
    for before in range(3):  # bytes of what is encoded with it, so that it begins in the middle of a letter
        written = base64.b64encode(bytes(before) + secret.encode()).decode()
        own = written[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(own) >= _SURE:
            found.append("".join(map(_letter, own)) + "[A-Za-z0-9+/_-]{0,2}={0,2}")
    return found


def _character(sign: str) -> str:
    """In JSON (RFC 8259), inside of its strings too, in code, in a URL (RFC 3986), in HTML."""
    code = f"{ord(sign):02x}"
    names = "".join(f"|{name}" for name in _NAMES.get(sign, ()))
    return (
        rf"(?:\\*\x{{{code}}}|\\+(?:u00|x)(?i:{code})|%(?:25)*(?i:{code})"
        rf"|&(?:amp;)*(?:#0*{ord(sign)};?|#[xX]0*(?i:{code});?{names}))"
    )


def _letter(sign: str) -> str:
    """Of base 64, both alphabets (RFC 4648)."""
    return {"+": r"(?:[+-]|%2[Bb])", "/": r"(?:\\*/|_|%2[Ff])"}.get(sign, sign)
