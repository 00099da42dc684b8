"""Entries for other systems.

Each line carries ``log_origin``, ``log_index`` and ``leaf_hash``, so that a copy can be held against the log.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import orjson

from passgate.core.event import EventType
from passgate.ledger.leaves import Document
from passgate.ledger.merkle import leaf_hash
from passgate.ledger.reader import Entry


class Format(StrEnum):
    JSONL = "jsonl"  # the event as it lies in the leaf
    OCSF = "ocsf"  # Open Cybersecurity Schema Framework 1.3


def export(entries: Iterable[Entry], form: Format) -> Iterator[bytes]:
    """One line of JSON per entry, with its newline."""
    render = native if form is Format.JSONL else ocsf
    for entry in entries:
        yield _line(render(entry)).encode() + b"\n"


def _line(document: dict[str, Any]) -> str:
    """What some take for the end of a line (U+0085, U+2028), and what a terminal obeys, is written as JSON writes it."""
    try:
        line = orjson.dumps(document).decode()
    except orjson.JSONEncodeError:  # nested as deep as a leaf may be, and deeper with what is put around it
        line = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    if line.isprintable():
        return line
    return "".join([character if character.isprintable() else json.dumps(character)[1:-1] for character in line])


def _place(entry: Entry) -> dict[str, Any]:
    return {"log_origin": entry.log.origin, "log_index": entry.index, "leaf_hash": leaf_hash(entry.leaf).hex()}


def native(entry: Entry) -> dict[str, Any]:
    return {**entry.event, **_place(entry)}


_DATABASE_KINDS = frozenset({"postgres", "mysql"})
_OTHER = 99
_PORT_DIGITS = 5
_VERBS = {"select": 1, "insert": 3, "update": 2, "delete": 5, "create": 3, "drop": 5}
_STATUS = {"ok": 1, "error": 2, "cancelled": 2, "rolled_back": 2}
_SEVERITIES = {
    EventType.ACTION_REFUSED: 3,
    EventType.SESSION_REFUSED: 3,
    EventType.PROTOCOL_ERROR: 3,
    EventType.SESSION_KILLED: 3,
    EventType.AUDIT_GAP: 4,
}
_DISPOSITIONS = {"allow": 1, "deny": 2, "hold": 99}


def ocsf(entry: Entry) -> dict[str, Any]:
    """OCSF 1.3: what touches a database is Datastore Activity (6005), all else API Activity (6003)."""
    event = entry.event
    target = event.get("target", {})
    datastore = target.get("kind") in _DATABASE_KINDS and entry.type.startswith("action.")
    class_uid, class_name = (6005, "Datastore Activity") if datastore else (6003, "API Activity")
    action = event.get("action", {})
    verb = action.get("verb", "")
    activity = _VERBS.get(verb, _OTHER) if datastore else _OTHER
    status = _STATUS.get(event.get("detail", {}).get("status", ""), 0)
    if entry.type in (EventType.ACTION_REFUSED, EventType.SESSION_REFUSED):
        status = 2
    line: dict[str, Any] = {
        "activity_id": activity,
        "activity_name": verb or entry.type,
        "actor": _actor(event),
        "api": {"operation": verb or entry.type, "service": {"name": "passgate"}},
        "category_name": "Application Activity",
        "category_uid": 6,
        "class_name": class_name,
        "class_uid": class_uid,
        "metadata": {
            "event_code": entry.type,
            "log_name": entry.log.origin,
            "product": {"name": "Passgate", "vendor_name": "Passgate"},
            "sequence": entry.index,
            "uid": entry.id,
            "version": "1.3.0",
        },
        "severity_id": _SEVERITIES.get(EventType(entry.type), 1) if entry.type in _TYPES else 1,
        "src_endpoint": _endpoint(event.get("actor", {}).get("peer", "")),
        "status_id": status,
        "time": event["time"] // 1000,
        "type_uid": class_uid * 100 + activity,
        "unmapped": {"passgate": dict(event), **_place(entry)},
    }
    if datastore:
        line["databucket"] = {"name": target["name"], "type": target["kind"], "type_id": 99}
        line["database"] = {"name": target.get("database") or target["name"], "type": target["kind"], "type_id": 1}
        line["type_id"] = 1
    decision = event.get("decision")
    if decision:
        line["disposition_id"] = _DISPOSITIONS.get(decision["outcome"], 0)
        line["policy"] = {"name": decision["rule"], "uid": decision["policy"]}
    if entry.session:
        line["actor"]["session"] = {"uid": entry.session}
    return line


_TYPES = frozenset(EventType)


def _actor(event: Document) -> dict[str, Any]:
    actor: Mapping[str, Any] = event.get("actor", {})
    user: dict[str, Any] = {"name": actor.get("subject", "passgate"), "type": actor.get("kind", "system")}
    body: dict[str, Any] = {"user": user, "app_name": "passgate"}
    behind = actor.get("on_behalf_of")
    if behind:
        body["invoked_by"] = behind[0]["subject"]
    return body


def _endpoint(peer: str) -> dict[str, Any]:
    host, colon, port = peer.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= _PORT_DIGITS):
        return {"name": peer or "passgate"}
    return {"ip": host.strip("[]"), "port": int(port)}
