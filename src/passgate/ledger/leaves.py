"""Reading a leaf back: the least that every event says, checked before anything builds on it."""

from collections.abc import Mapping
from typing import Any

import orjson

from passgate.core.errors import LedgerCorruptError

Document = Mapping[str, Any]
"""A leaf's JSON."""

_REQUIRED = (("id", str), ("type", str), ("time", int), ("mono", int), ("epoch", int))


def parse(leaf: bytes) -> Document:
    """Raises LedgerCorruptError unless ``leaf`` is an event: an object with id, type, times and epoch."""
    try:
        event = orjson.loads(leaf)
    except orjson.JSONDecodeError as error:
        raise LedgerCorruptError(f"not an event: {error}") from error
    if not isinstance(event, dict):
        raise LedgerCorruptError("not an event: not an object")
    for name, kind in _REQUIRED:
        if not isinstance(event.get(name), kind):
            raise LedgerCorruptError(f"not an event: no {name}")
    payload = event.get("payload")
    if payload is not None and not (isinstance(payload, dict) and {"ct_sha256", "key"} <= payload.keys()):
        raise LedgerCorruptError("not an event: a malformed payload")
    if not isinstance(event.get("detail", {}), dict):
        raise LedgerCorruptError("not an event: a malformed detail")
    return event
