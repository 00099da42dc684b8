"""Core events as canonical bytes: what is hashed into the tree, and what lies beside it encrypted.

The leaf is JSON with sorted keys, no floats, at most 65,535 bytes (the limit of C2SP tlog-tiles). It holds no statement text: that
goes, compressed and encrypted under the session's key, into a payload frame, and the leaf names the hash of the *ciphertext*. What
stays the same for a session, a decision or an action is rendered once and put in as it is: this runs twice per statement.
"""

import asyncio
import time
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, NamedTuple, final

import orjson
import zstandard

from passgate.core.decision import Decision, LimitRows, Mask, MaxRows, Notify, Obligation, Outcome, Record, Tag
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.core.session import Session
from passgate.ledger.frames import MAX_PAYLOAD
from passgate.ledger.ids import EventIds
from passgate.ledger.keys import RootKeys, Sealer, SessionKey

LEAF_LIMIT = 65_535
VERSION = 1
_END = b',"v":%d}' % VERSION
TEXT_PURPOSE = b"text"
_COMPRESS_FROM = 512
_RAW, _ZSTD = b"\x00", b"\x01"
_CACHE_ENTRIES = 2048
_TEXT_ENTRIES = 256
_SORTED = orjson.OPT_SORT_KEYS


def pack_payload(body: bytes) -> bytes:
    """One byte that says how, then ``body``, compressed where that pays."""
    return _RAW + body if len(body) < _COMPRESS_FROM else _ZSTD + zstandard.compress(body, 1)


def unpack_payload(packed: bytes, limit: int) -> bytes:
    """Raises zstandard.ZstdError."""
    if packed[:1] == _RAW:
        return packed[1:]
    return zstandard.ZstdDecompressor().decompress(packed[1:], max_output_size=limit)


@final
class Enveloped:
    """One event, ready to be written. ``payload`` is ciphertext to store with it; None if there is none or it is stored already."""

    __slots__ = ("event_id", "leaf", "payload")

    def __init__(self, event_id: str, leaf: bytes, payload: bytes | None) -> None:
        self.event_id: Final = event_id
        self.leaf: Final = leaf
        self.payload: Final = payload


class SessionEnvelope:
    """What the ledger keeps of one live session: its key, its sequence, and the parts of its leaves that do not change."""

    __slots__ = (
        "_constants", "_database", "_sealer", "_slot", "_tags", "_texts", "_user", "generation", "key", "sequence", "session",
        "slot_stored",
    )  # fmt: skip

    def __init__(self, session: Session, root: RootKeys) -> None:
        self.session = session
        self.key = SessionKey.new(session.id)
        self.sequence = 0
        self.generation = 0
        self.slot_stored: asyncio.Future[None] | None = None
        self._slot = self.key.slot(root)
        self._sealer: Sealer = self.key.sealer(TEXT_PURPOSE)
        self._texts: dict[str, tuple[bytes, asyncio.Future[None]]] = {}
        self._constants: Constants | None = None
        self._user = self._database = ""
        self._tags: frozenset[str] = frozenset()

    def slot_to_store(self) -> bytes:
        """The key's slot as long as no event has taken it to disk; empty after that, or while one is on its way."""
        if not self._slot:
            return b""
        stored = self.slot_stored
        if stored is None:
            return self._slot
        if not stored.done():
            return b""
        if _succeeded(stored):
            self._slot = b""
        return self._slot

    def constants(self) -> "Constants":
        """What seldom changes; rendered again once the upstream has said who and where the session is, and with each new tag."""
        session = self.session
        known = self._constants
        same = self._user is session.user and self._database is session.database and self._tags is session.tags
        if known is not None and same:
            return known
        self._user, self._database, self._tags = session.user, session.database, session.tags
        grant = session.pass_
        known = self._constants = Constants(
            actor=_encode(_principal(grant.principal) | {"peer": session.peer}),
            grant=_encode(_grant(grant)),
            session=_encode(session.id),
            tags=_encode(sorted(session.tags)) if session.tags else b"",
            target=_encode(
                {
                    "database": session.database,
                    "kind": session.resource.kind,
                    "labels": dict(session.resource.labels),
                    "name": session.resource.name,
                    "user": session.user,
                }
            ),
        )
        return known

    def stored(self, text: str) -> bytes | None:
        """The reference of a text that this session has already put on disk, durably."""
        known = self._texts.get(text)
        if known is None:
            return None
        reference, durable = known
        return reference if durable.done() and _succeeded(durable) else None

    def remember(self, text: str, reference: bytes, durable: "asyncio.Future[None]") -> None:
        if len(self._texts) >= _TEXT_ENTRIES:
            self._texts.clear()
        self._texts[text] = (reference, durable)

    def forget_texts(self, generation: int) -> None:
        """Store texts again from now on: the log has gone on in another file."""
        self.generation = generation
        self._texts.clear()

    def seal(self, body: dict[str, Json]) -> tuple[bytes, bytes]:
        """Ciphertext of ``body`` and the reference that a leaf holds."""
        sealed = self._sealer.seal(pack_payload(_encode(body)))
        digest = sha256(sealed).hexdigest()
        return sealed, b'{"ct_sha256":"%b","key":"%b"}' % (digest.encode(), self.key.id.encode())


class Constants(NamedTuple):
    """Members of a session's leaves, as JSON. ``grant``: the pass; ``tags``: those in force, empty where there are none."""

    actor: bytes
    grant: bytes
    session: bytes
    tags: bytes
    target: bytes


class Enveloper:
    """Makes leaves for one log and one thread. Raises LedgerUnavailableError for an event that cannot be written down."""

    def __init__(self, *, origin: str, epoch: int) -> None:
        self._ids = EventIds()
        self._epoch = b'"epoch":%d,"id":"' % epoch
        self._log = b'"log":' + _encode(origin) + b',"mono":'
        self._types: dict[EventType, bytes] = {}
        self._decisions: dict[int, tuple[Decision, bytes]] = {}
        self._actions: dict[tuple[str, str, tuple[str, ...]], bytes] = {}

    def envelope(self, event: Event, state: SessionEnvelope | None) -> tuple[Enveloped, bytes | None]:
        """The second part is the reference to remember for ``event.text`` once durable; None where there is nothing to remember."""
        now = time.time_ns()
        event_id = self._ids.next(now)
        action = self._action(event) if event.verb or event.objects else b""
        decision = self._decision(event.decision) if event.decision is not None else b""
        detail = _encode(_whole(event.detail)) if event.detail else b""
        sealed, said, reference = _payload(event, state) if state is not None else _NO_PAYLOAD
        if state is not None:
            state.sequence += 1
        head = (event_id, now, time.monotonic_ns() // 1000)
        body = Body(action=action, decision=decision, detail=detail, payload=said)
        try:
            leaf = self._leaf(head, event, state, body)
            if len(leaf) >= LEAF_LIMIT:
                body, sealed = _shrunk(event, state)
                reference = None
                leaf = self._leaf(head, event, state, body)
            _check_size(leaf, sealed)
        except LedgerUnavailableError:
            if state is not None:
                state.sequence -= 1  # else the next event would tell of a hole
            raise
        return Enveloped(event_id, leaf, sealed), reference if sealed is not None else None

    def _leaf(self, head: tuple[str, int, int], event: Event, state: SessionEnvelope | None, body: "Body") -> bytes:
        """The members in the order of their names, as a sorting writer would have them."""
        event_id, now, mono = head
        parts = [b"{"]
        if body.action:
            parts += (b'"action":', body.action, b",")
        constants = None
        if state is not None:
            constants = state.constants()
            parts += (b'"actor":', constants.actor, b",")
        elif event.actor:
            parts += (b'"actor":', _encode({"subject": event.actor}), b",")
        if body.decision:
            parts += (b'"decision":', body.decision, b",")
        if body.detail:
            parts += (b'"detail":', body.detail, b",")
        parts += (self._epoch, event_id.encode(), b'",')
        if event.intent is not None:
            parts += (b'"intent":', _encode(event.intent), b",")
        parts += (self._log, b"%d" % mono)
        if constants is not None:
            parts += (b',"pass":', constants.grant)
        if body.payload:
            parts += (b',"payload":', body.payload)
        if state is not None and constants is not None:
            parts += (b',"seq":%d,"session":' % state.sequence, constants.session)
            if constants.tags:
                parts += (b',"tags":', constants.tags)
            parts += (b',"target":', constants.target)
        parts += (b',"time":%d,"type":' % (now // 1000), self._type(event.type), _END)
        return b"".join(parts)

    def _type(self, type_: EventType) -> bytes:
        known = self._types.get(type_)
        if known is None:
            known = self._types[type_] = _encode(type_.value)
        return known

    def _action(self, event: Event) -> bytes:
        key = (event.verb, event.fingerprint, event.objects)
        known = self._actions.get(key)
        if known is None:
            if len(self._actions) >= _CACHE_ENTRIES:
                self._actions.clear()
            known = self._actions[key] = _encode(
                {"verb": event.verb, "objects": list(event.objects), "fingerprint": event.fingerprint}
            )
        return known

    def _decision(self, decision: Decision) -> bytes:
        known = self._decisions.get(id(decision))
        if known is not None and known[0] is decision:
            return known[1]
        if len(self._decisions) >= _CACHE_ENTRIES:
            self._decisions.clear()
        body: dict[str, Json] = {
            "outcome": decision.outcome.value,
            "rule": decision.rule,
            "fired": list(decision.fired),
            "policy": decision.policy_version,
            "obligations": [_obligation(o) for o in decision.obligations],
        }
        if decision.approvers is not None:
            body["approvers"] = {"group": decision.approvers.group, "count": decision.approvers.count}
        rendered = _encode(body)
        self._decisions[id(decision)] = (decision, rendered)
        return rendered


@final
class Body:
    """Members of one leaf, as JSON; empty where there is none. ``payload`` names the ciphertext beside the leaf."""

    __slots__ = ("action", "decision", "detail", "payload")

    def __init__(self, *, action: bytes, decision: bytes, detail: bytes, payload: bytes) -> None:
        self.action: Final = action
        self.decision: Final = decision
        self.detail: Final = detail
        self.payload: Final = payload


def _check_size(leaf: bytes, sealed: bytes | None) -> None:
    """A frame that no reader takes would be the end of the log: nothing behind it could be read. Raises LedgerUnavailableError."""
    if len(leaf) >= LEAF_LIMIT or (sealed is not None and len(sealed) > MAX_PAYLOAD):
        raise LedgerUnavailableError("the event is too large to be recorded")


_NO_PAYLOAD: tuple[bytes | None, bytes, bytes | None] = (None, b"", None)


def _payload(event: Event, state: SessionEnvelope) -> tuple[bytes | None, bytes, bytes | None]:
    """Encrypt what must not lie in the leaf: ciphertext, what the leaf says of it, and what to remember of the text.

    A refusal's reason goes with the text, since it may quote it.
    """
    decision = event.decision
    says = decision is not None and decision.outcome is not Outcome.ALLOW
    if event.text is None and not says:
        return _NO_PAYLOAD
    if event.text is not None and not says:
        stored = state.stored(event.text)
        if stored is not None:
            return None, stored, None
    body: dict[str, Json] = {}
    if event.text is not None:
        body["text"] = event.text
    if says and decision is not None:
        body["reason"], body["hint"] = decision.reason, decision.hint
    sealed, reference = state.seal(body)
    return sealed, reference, None if says else reference


def _shrunk(event: Event, state: SessionEnvelope | None) -> tuple[Body, bytes | None]:
    """What a leaf that came out too large says instead: its open parts go out of line, and it counts them. With the ciphertext."""
    sealed, payload = None, b""
    if state is not None:
        body: dict[str, Json] = {"objects": list(event.objects), "detail": dict(event.detail)}
        if event.text is not None:
            body["text"] = event.text
        if event.decision is not None:
            body["reason"], body["hint"] = event.decision.reason, event.decision.hint
            body["fired"] = list(event.decision.fired)
        sealed, payload = state.seal(body)
    decided = b""
    if event.decision is not None:
        decision = event.decision
        decided = _encode(
            {
                "outcome": decision.outcome.value,
                "rule": decision.rule[:200],
                "fired": [],
                "policy": decision.policy_version[:200],
                "obligations": [],
            }
        )
    shrunk = Body(
        action=_encode({"verb": event.verb[:200], "objects": [], "fingerprint": event.fingerprint[:200]}),
        decision=decided,
        detail=_encode({"oversize": True, "objects": len(event.objects), "details": len(event.detail)}),
        payload=payload,
    )
    return shrunk, sealed


def _grant(pass_: Pass) -> dict[str, Json]:
    body: dict[str, Json] = {
        "id": pass_.id,
        "purpose": pass_.purpose,
        "task": pass_.task,
        "ticket": pass_.ticket,
    }
    if pass_.ancestors:
        body["delegated_from"] = list(pass_.ancestors)
    return body


def _principal(principal: Principal) -> dict[str, Json]:
    body: dict[str, Json] = {"kind": principal.kind.value, "subject": principal.subject}
    chain: list[Json] = [{"kind": link.kind.value, "subject": link.subject} for link in principal.links()[1:]]
    if chain:
        body["on_behalf_of"] = chain
    return body


def _obligation(obligation: Obligation) -> str:
    """One short line: what, on what, by which rule."""
    match obligation:
        case Mask(column=column, strategy=strategy, rule=rule):
            return f"mask {column.namespace}.{column.object}.{column.column} {strategy.kind.value} by {rule}"
        case MaxRows(limit=limit, rule=rule):
            return f"max-rows {limit} by {rule}"
        case LimitRows(limit=limit, rule=rule):
            return f"limit-rows {limit} by {rule}"
        case Notify(channel=channel, rule=rule):
            return f"notify {channel} by {rule}"
        case Record(mode=mode, rule=rule):
            return f"record {mode} by {rule}"
        case Tag(tag=tag, rule=rule):
            return f"tag {tag} by {rule}"
        case _:
            return f"{type(obligation).__name__.lower()} by {obligation.rule}"


def _succeeded(done: "asyncio.Future[None]") -> bool:
    return not done.cancelled() and done.exception() is None


def _whole(detail: Mapping[str, object]) -> Mapping[str, object]:
    """Refuses floats, whose text differs from one writer to the next."""
    for value in detail.values():
        kind = type(value)
        if kind is float or ((kind is dict or kind is list) and value and _holds_float(value)):
            raise LedgerUnavailableError("an event must not hold a float")
    return detail if type(detail) is dict else dict(detail)


def _holds_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_float(v) for v in value.values())
    if isinstance(value, list):
        return any(_holds_float(v) for v in value)
    return isinstance(value, float)


def _encode(document: object) -> bytes:
    """Text that is not Unicode (a lone surrogate) is written escaped, a number of more than 64 bits as text: whoever answers the
    gate may have chosen them. Raises LedgerUnavailableError for anything else."""
    try:
        return orjson.dumps(document, option=_SORTED)
    except TypeError:
        pass
    try:
        return orjson.dumps(_escaped(document), option=_SORTED)
    except TypeError as error:
        raise LedgerUnavailableError(f"the event cannot be written down: {error}") from error


def _escaped(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return hex(value)  # in decimals Python itself refuses thousands of digits
    if isinstance(value, Mapping):
        return {_escaped(k): _escaped(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(v) for v in value]
    return value
