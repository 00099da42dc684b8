"""Reading a leaf back: what every event says, and the form of what some say, checked before anything builds on it.

Until a log is verified its reader has checksums only, which anybody can make. So what is read here may have been written by
somebody who wants the reader to fall over, or to open another file than a recording.
"""

from collections.abc import Mapping, Sequence
from re import compile as pattern
from typing import Any

import orjson

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType

Document = Mapping[str, Any]
"""A leaf's JSON."""

_REQUIRED = (("id", str), ("type", str), ("time", int), ("mono", int), ("epoch", int))
_OPTIONAL = (("session", str), ("intent", str), ("seq", int))

_SECTIONS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "action": ((), ("verb",)),
    "actor": (("subject",), ("kind", "peer")),
    "decision": (("outcome", "policy", "rule"), ()),
    "detail": ((), ()),
    "pass": (("id",), ("purpose", "task")),
    "payload": (("ct_sha256", "key"), ()),
    "target": (("kind", "name"), ("database", "user")),
}
"""Objects of an event: names of texts that must be there, and of those that may."""

_COUNTS: Mapping[str, Sequence[str]] = {
    EventType.NODE_BOOT: ("heartbeat_ms",),
    EventType.AUDIT_GAP: ("count",),
    EventType.SESSION_END: ("chunks",),
    EventType.REC_CHUNK: ("n", "t0", "bytes"),
}
"""Numbers in the detail that something adds up or compares."""

_DEEPEST = 256
"""Of nested parts: more than whoever writes a leaf can write, and less than what writes it out again stumbles over."""

_HASH = pattern(r"[0-9a-f]{64}")
_LATEST = 253_402_300_799_999_999
"""The last microsecond of the year 9999, past which nothing can say what day it is."""


def parse(leaf: bytes) -> Document:
    """Raises LedgerCorruptError unless ``leaf`` is an event: id, type, times and epoch, and every part in its form."""
    try:
        event = orjson.loads(leaf)
    except orjson.JSONDecodeError as error:
        raise LedgerCorruptError(f"not an event: {error}") from error
    if not isinstance(event, dict):
        raise LedgerCorruptError("not an event: not an object")
    if leaf.count(b"[") + leaf.count(b"{") > _DEEPEST and _too_deep(event):
        raise LedgerCorruptError("not an event: too deep")
    for name, kind in _REQUIRED:
        if not isinstance(event.get(name), kind):
            raise LedgerCorruptError(f"not an event: no {name}")
    if not 0 <= event["time"] <= _LATEST:
        raise LedgerCorruptError("not an event: no time")
    _check_parts(event)
    return event


def _check_parts(event: Document) -> None:
    for name, kind in _OPTIONAL:
        if name in event and not isinstance(event[name], kind):
            raise LedgerCorruptError(f"not an event: a malformed {name}")
    for name, (required, optional) in _SECTIONS.items():
        if name in event and not _formed(event[name], required, optional):
            raise LedgerCorruptError(f"not an event: a malformed {name}")
    if "payload" in event and not _HASH.fullmatch(event["payload"]["ct_sha256"]):
        raise LedgerCorruptError("not an event: a malformed payload")
    if not isinstance(
        event.get("detail", {}).get("status", ""), (str, int)
    ):  # of an outcome a word, of an answer over HTTP a number
        raise LedgerCorruptError("not an event: a malformed detail")
    for name in _COUNTS.get(event["type"], ()):
        if not _counts(event.get("detail", {}).get(name, 0)):
            raise LedgerCorruptError("not an event: a malformed detail")
    if not _all_texts(event.get("action", {}).get("objects", [])):
        raise LedgerCorruptError("not an event: a malformed action")
    behind = event.get("actor", {}).get("on_behalf_of", [])
    if not (isinstance(behind, list) and all(_formed(one, ("subject",), ("kind",)) for one in behind)):
        raise LedgerCorruptError("not an event: a malformed actor")
    if event["type"] == EventType.REC_CHUNK and not _names_a_chunk(event.get("detail", {})):
        raise LedgerCorruptError("not an event: a malformed detail")


def _too_deep(event: Document) -> bool:
    level: list[object] = [event]
    for _ in range(_DEEPEST):
        inner = [list(one.values()) if isinstance(one, dict) else one for one in level if isinstance(one, (dict, list))]
        level = [value for values in inner for value in values]
        if not level:
            return False
    return True


def _counts(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _all_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _formed(section: object, required: Sequence[str], optional: Sequence[str]) -> bool:
    return (
        isinstance(section, dict)
        and all(isinstance(section.get(name), str) for name in required)
        and all(isinstance(section.get(name, ""), str) for name in optional)
    )


def _names_a_chunk(detail: Document) -> bool:
    """Its hash is the name of a file."""
    named = detail.get("ct_sha256")
    follows = isinstance(detail.get("n"), int) and isinstance(detail.get("prev"), str)
    return follows and isinstance(named, str) and _HASH.fullmatch(named) is not None
