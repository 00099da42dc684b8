"""Leaves: canonical, small, and without a word of what must not lie open."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.action import ColumnRef
from passgate.core.decision import (
    Approvers,
    Decision,
    LimitRows,
    Mask,
    MaxRows,
    Notify,
    Outcome,
    ReadOnly,
    Record,
    Scan,
    Strategy,
    StrategyKind,
    Tag,
)
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.core.session import Session
from passgate.ledger.envelope import LEAF_LIMIT, Enveloper, SessionEnvelope, pack_payload, unpack_payload
from passgate.ledger.keys import RootKeys
from passgate.ledger.leaves import parse
from tests.faults.kit import DENY, a_session, intent, outcome, refused, started

SECRET = "SELECT * FROM customers WHERE ssn = '078-05-1120'"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> RootKeys:
    return RootKeys.open(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def state(root: RootKeys) -> SessionEnvelope:
    return SessionEnvelope(a_session(), root)


@pytest.fixture
def enveloper() -> Enveloper:
    return Enveloper(origin="audit.test/a-w0", epoch=3)


def opened(state: SessionEnvelope, payload: bytes | None) -> dict[str, Any]:
    assert payload is not None
    body: dict[str, Any] = orjson.loads(unpack_payload(state.key.open(payload), 10**8))
    return body


def test_an_intent_says_who_what_why_and_by_which_rule(enveloper: Enveloper, state: SessionEnvelope) -> None:
    made, _ = enveloper.envelope(intent(state.session, SECRET), state)
    event = parse(made.leaf)
    assert event["id"] == made.event_id
    assert (event["type"], event["epoch"], event["log"], event["seq"], event["v"]) == (
        "action.intent", 3, "audit.test/a-w0", 1, 1,
    )  # fmt: skip
    assert event["actor"] == {
        "kind": "agent",
        "subject": "reporter",
        "on_behalf_of": [{"kind": "human", "subject": "ada@example.com"}],
        "peer": "127.0.0.1:55555",
    }
    assert event["pass"] == {"id": "pg_1", "purpose": "monthly figures", "task": "pg_1", "ticket": "T-7"}
    assert "tags" not in event
    assert event["target"]["name"] == "shop"
    assert event["action"] == {"verb": "select", "objects": ["relation:public.orders"], "fingerprint": "0011"}
    assert event["decision"] == {
        "outcome": "allow",
        "rule": "read-shop",
        "fired": ["read-shop"],
        "policy": "f" * 64,
        "obligations": [],
    }
    assert event["payload"]["key"] == state.key.id


def test_a_leaf_says_which_facts_were_in_force(enveloper: Enveloper, state: SessionEnvelope) -> None:
    state.session.tag("tainted")
    assert parse(enveloper.envelope(intent(state.session), state)[0].leaf)["tags"] == ["tainted"]
    state.session.tag("sensitive-read")
    leaf = enveloper.envelope(intent(state.session), state)[0].leaf
    assert parse(leaf)["tags"] == ["sensitive-read", "tainted"]
    assert orjson.dumps(orjson.loads(leaf), option=orjson.OPT_SORT_KEYS) == leaf


def test_the_text_is_encrypted_beside_the_leaf(enveloper: Enveloper, state: SessionEnvelope) -> None:
    made, _ = enveloper.envelope(intent(state.session, SECRET), state)
    assert made.payload is not None
    assert b"078-05" not in made.leaf + made.payload
    assert opened(state, made.payload) == {"text": SECRET}


def test_a_refusal_keeps_its_reason_with_the_text(enveloper: Enveloper, state: SessionEnvelope) -> None:
    made, reference = enveloper.envelope(refused(state.session, SECRET), state)
    assert b"Tables are not dropped" not in made.leaf
    assert opened(state, made.payload) == {"text": SECRET, "reason": DENY.reason, "hint": DENY.hint}
    assert reference is None


def test_a_leaf_is_canonical(enveloper: Enveloper, state: SessionEnvelope) -> None:
    for event in (started(state.session), intent(state.session), outcome(state.session, "E1"), refused(state.session)):
        leaf = enveloper.envelope(event, state)[0].leaf
        assert orjson.dumps(orjson.loads(leaf), option=orjson.OPT_SORT_KEYS) == leaf


async def test_a_text_that_is_on_disk_is_named_and_not_stored_again(
    enveloper: Enveloper, state: SessionEnvelope
) -> None:
    durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    first, reference = enveloper.envelope(intent(state.session, SECRET), state)
    assert reference is not None
    state.remember(SECRET, reference, durable)
    pending, _ = enveloper.envelope(intent(state.session, SECRET), state)
    assert pending.payload is not None  # the first is not durable yet
    durable.set_result(None)
    again, nothing = enveloper.envelope(intent(state.session, SECRET), state)
    assert (again.payload, nothing) == (None, None)
    assert parse(again.leaf)["payload"] == parse(first.leaf)["payload"]
    state.forget_texts(1)
    assert enveloper.envelope(intent(state.session, SECRET), state)[0].payload is not None


async def test_a_text_whose_commit_failed_is_stored_again(enveloper: Enveloper, state: SessionEnvelope) -> None:
    for end in ("failed", "cancelled"):
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        _, reference = enveloper.envelope(intent(state.session, end), state)
        assert reference is not None
        state.remember(end, reference, durable)
        if end == "failed":
            durable.set_exception(LedgerUnavailableError())
        else:
            durable.cancel()
        assert enveloper.envelope(intent(state.session, end), state)[0].payload is not None


async def test_the_key_goes_to_disk_until_an_event_has_taken_it_there(state: SessionEnvelope) -> None:
    loop = asyncio.get_running_loop()
    slot = state.slot_to_store()
    assert slot
    state.slot_stored = loop.create_future()
    assert state.slot_to_store() == b""  # on its way
    state.slot_stored.set_exception(LedgerUnavailableError())
    assert state.slot_to_store() == slot
    state.slot_stored = loop.create_future()
    state.slot_stored.set_result(None)
    assert state.slot_to_store() == b""
    assert state.slot_to_store() == b""


def test_many_texts_and_decisions_do_not_pile_up(enveloper: Enveloper, state: SessionEnvelope, root: RootKeys) -> None:
    loop = asyncio.new_event_loop()
    done = loop.create_future()
    done.set_result(None)
    for n in range(3000):
        decision = Decision(outcome=Outcome.ALLOW, rule=f"r{n}", reason="", hint="", policy_version="v")
        event = Event(
            type=EventType.ACTION_INTENT, session=state.session, verb=f"v{n}", text=f"t{n}", decision=decision
        )
        made, reference = enveloper.envelope(event, state)
        assert reference is not None
        state.remember(f"t{n}", reference, done)
        assert parse(made.leaf)["decision"]["rule"] == f"r{n}"
        assert parse(made.leaf)["action"]["verb"] == f"v{n}"
    loop.close()
    assert state.stored("t0") is None
    assert state.stored("t2999") is not None


def test_who_and_where_are_said_again_once_the_upstream_has_answered(
    enveloper: Enveloper, state: SessionEnvelope
) -> None:
    assert parse(enveloper.envelope(started(state.session), state)[0].leaf)["target"]["user"] == ""
    state.session.user, state.session.database = "app", "shop"
    target = parse(enveloper.envelope(intent(state.session), state)[0].leaf)["target"]
    assert (target["user"], target["database"], target["labels"]) == ("app", "shop", {"env": "prod"})


def test_an_event_without_a_session(enveloper: Enveloper) -> None:
    event = Event(type=EventType.PASS_REVOKED, actor="unix:root", detail={"pass": "pg_1"})
    read = parse(enveloper.envelope(event, None)[0].leaf)
    assert read["actor"] == {"subject": "unix:root"}
    assert "session" not in read


def test_obligations_are_said_in_short(enveloper: Enveloper, state: SessionEnvelope) -> None:
    column = ColumnRef(namespace="public", object="customers", column="email")
    decision = Decision(
        outcome=Outcome.HOLD,
        rule="r",
        reason="why",
        hint="",
        policy_version="v",
        obligations=(
            Mask(column=column, strategy=Strategy(kind=StrategyKind.REDACT), rule="m"),
            MaxRows(limit=5, rule="g"),
            LimitRows(limit=9, rule="l"),
            ReadOnly(rule="ro"),
            Notify(channel="ops", rule="n"),
            Record(mode="strict", rule="rec"),
            Tag(tag="seen-pii", rule="t"),
            Scan(classes=frozenset({"pii"}), rule="s"),
        ),
        approvers=Approvers(group="dba", count=2, expires_seconds=60),
    )
    event = Event(type=EventType.ACTION_REFUSED, session=state.session, decision=decision)
    read = parse(enveloper.envelope(event, state)[0].leaf)["decision"]
    assert read["approvers"] == {"group": "dba", "count": 2}
    assert read["obligations"] == [
        "mask public.customers.email redact by m",
        "max-rows 5 by g",
        "limit-rows 9 by l",
        "readonly by ro",
        "notify ops by n",
        "record strict by rec",
        "tag seen-pii by t",
        "scan by s",
    ]


@pytest.mark.parametrize("value", [1.5, {"a": [1, 2.5]}, [{"b": 0.0}]])
def test_floats_are_refused(value: Any, enveloper: Enveloper, state: SessionEnvelope) -> None:
    event = Event(type=EventType.BOUND_HIT, session=state.session, detail={"x": value})
    with pytest.raises(LedgerUnavailableError, match="must not hold a float"):
        enveloper.envelope(event, state)


def test_a_number_of_more_than_64_bits_is_text(enveloper: Enveloper, state: SessionEnvelope) -> None:
    event = Event(type=EventType.BOUND_HIT, session=state.session, detail={"x": [2**70], "y": 2**63})
    enveloped, _ = enveloper.envelope(event, state)
    assert orjson.loads(enveloped.leaf)["detail"] == {"x": [hex(2**70)], "y": 2**63}


def test_what_json_cannot_say_is_refused(enveloper: Enveloper, state: SessionEnvelope) -> None:
    event = Event(type=EventType.BOUND_HIT, session=state.session, detail={"x": b"raw"})  # type: ignore[dict-item]
    with pytest.raises(LedgerUnavailableError, match="cannot be written down"):
        enveloper.envelope(event, state)


def test_text_that_is_not_unicode_is_escaped(enveloper: Enveloper, state: SessionEnvelope) -> None:
    event = Event(
        type=EventType.ACTION_INTENT,
        session=state.session,
        verb="se\udc80",
        objects=("a\ud800",),
        text="SELECT '\udcff'",
        detail={"\udc81": ["\udc82", 1]},
    )
    made, _ = enveloper.envelope(event, state)
    read = parse(made.leaf)
    assert read["action"]["verb"] == "se\\udc80"
    assert read["detail"] == {"\\udc81": ["\\udc82", 1]}
    assert opened(state, made.payload) == {"text": "SELECT '\\udcff'"}


def test_a_leaf_that_would_be_too_large_goes_out_of_line(enveloper: Enveloper, state: SessionEnvelope) -> None:
    objects = tuple(f"relation:public.table_{n}" for n in range(5000))
    event = Event(
        type=EventType.ACTION_REFUSED,
        session=state.session,
        verb="select",
        objects=objects,
        text=SECRET,
        decision=DENY,
        detail={"gaps": ["x" * 100] * 10},
    )
    made, reference = enveloper.envelope(event, state)
    read = parse(made.leaf)
    assert read["detail"] == {"oversize": True, "objects": 5000, "details": 1}
    assert (read["decision"]["outcome"], read["decision"]["rule"], reference) == ("deny", "no-drop", None)
    body = opened(state, made.payload)
    assert (tuple(body["objects"]), body["text"], body["hint"]) == (objects, SECRET, DENY.hint)


def test_a_large_leaf_of_no_session_says_only_how_large(enveloper: Enveloper) -> None:
    event = Event(type=EventType.POLICY_REFUSED, detail={"problems": ["x" * 1000] * 100})
    made, _ = enveloper.envelope(event, None)
    assert parse(made.leaf)["detail"] == {"oversize": True, "objects": 0, "details": 1}
    assert made.payload is None


def test_what_is_too_large_even_so_is_refused(enveloper: Enveloper) -> None:
    with pytest.raises(LedgerUnavailableError, match="too large"):
        enveloper.envelope(Event(type=EventType.HEARTBEAT, actor="x" * 70_000), None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=2000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=30,
)


@given(
    st.text(max_size=5000),
    st.dictionaries(st.text(max_size=20), json_values, max_size=5),
    st.lists(st.text(), max_size=50),
)
def test_any_event_becomes_a_leaf_below_the_limit(text: str, detail: dict[str, Any], objects: list[str]) -> None:
    state = SHARED
    event = Event(type=EventType.ACTION_INTENT, session=state.session, objects=tuple(objects), text=text, detail=detail)
    made, _ = Enveloper(origin="o", epoch=1).envelope(event, state)
    assert len(made.leaf) < LEAF_LIMIT
    parse(made.leaf)


@given(st.binary(max_size=3000))
def test_a_payload_unpacks_to_what_was_packed(body: bytes) -> None:
    assert unpack_payload(pack_payload(body), 10**6) == body
    assert len(pack_payload(bytes(10_000))) < 100


def _shared() -> SessionEnvelope:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return SessionEnvelope(a_session(), RootKeys(Ed25519PrivateKey.generate(), bytes(32)))


SHARED = _shared()


def test_an_agent_of_an_agent_of_a_human(enveloper: Enveloper, root: RootKeys, tmp_path: Path) -> None:
    from dataclasses import replace

    from passgate.core.principal import Principal, PrincipalKind

    session = a_session()
    sub = Principal(kind=PrincipalKind.AGENT, subject="sub", on_behalf_of=session.principal)
    inner = Session(
        id="S2", pass_=replace(session.pass_, principal=sub), resource=session.resource, opened=session.opened, peer=""
    )
    read = parse(enveloper.envelope(started(inner), SessionEnvelope(inner, root))[0].leaf)
    assert [one["subject"] for one in read["actor"]["on_behalf_of"]] == ["reporter", "ada@example.com"]
