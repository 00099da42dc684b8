from datetime import timedelta

import pytest

from passgate.core.action import Position, VerbClass
from passgate.policy.attributes import ATTRIBUTES, READERS, Moment, Scope
from passgate.policy.cel import EvaluationError
from passgate.policy.samples import empty_value
from tests.unit.policy.actions import OPENED, action, atom, session
from tests.unit.policy.calls import call

ATOM = atom(
    "update", "customers", "email", Position.TARGET, verb_class=VerbClass.WRITE, effect="x", tags=("t",), key=True
)
ACTION = action(ATOM, facts={"sql.cartesian": True, "sql.statements": 3}, inputs={"1": "a", "2": None})
SESSION = session(groups=("dba",), ticket="T-1")
SESSION.tag("seen")
SESSION.count("denied", 2)
MOMENT = Moment(ACTION, SESSION, ATOM)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verb", "update"),
        ("verb_class", "write"),
        ("object.kind", "relation"),
        ("object.name", "customers"),
        ("object.namespace", "public"),
        ("object.system", False),
        ("object.known", True),
        ("object.effect", "x"),
        ("object.tags", {"t"}),
        ("column", "email"),
        ("position", "target"),
        ("where_effective", True),
        ("key_pinned", True),
        ("action.kind", "sql.query"),
        ("action.verb", "update"),
        ("action.verb_class", "write"),
        ("action.fingerprint", "f1"),
        ("action.only_reads", False),
        ("complete", True),
        ("inputs", ("a",)),
        ("sql.cartesian", True),
        ("sql.statements", 3),
        ("sql.locking", False),
        ("session.tags", {"seen"}),
        ("session.counters", {"denied": 2}),
        ("session.user", "app"),
        ("session.database", "shop"),
        ("session.peer", "127.0.0.1"),
        ("session.opened", OPENED),
        ("principal.kind", "agent"),
        ("principal.subject", "reporter"),
        ("principal.groups", {"dba"}),
        ("principal.chain", ("agent:reporter", "human:ann@example.com")),
        ("principal.on_behalf_of.kind", "human"),
        ("principal.on_behalf_of.subject", "ann@example.com"),
        ("principal.on_behalf_of.groups", {"staff"}),
        ("pass.purpose", "monthly report"),
        ("pass.ticket", "T-1"),
        ("pass.verbs", set(VerbClass)),
        ("pass.issued", OPENED),
        ("pass.expires", OPENED + timedelta(hours=1)),
        ("resource.name", "shop"),
        ("resource.kind", "postgres"),
        ("resource.labels", {"env": "prod"}),
    ],
)
def test_values(name: str, value: object) -> None:
    assert READERS[name](MOMENT) == value


def test_the_table_above_is_whole() -> None:
    tested = {mark.args[1][n][0] for mark in test_values.pytestmark for n in range(len(mark.args[1]))}  # type: ignore[attr-defined]
    others = {name for name in ATTRIBUTES if name.startswith("sql.")}
    prompts = {mark.args[1][n][0] for mark in test_values_of_a_call.pytestmark for n in range(len(mark.args[1]))}  # type: ignore[attr-defined]
    assert set(ATTRIBUTES) == tested | others | prompts


CALL = call(
    "pii:EMAIL:user:2", "secret:JWT:tool_result", provider="openai", path="/v1/responses", stream=True, opaque=1
)
DISCLOSED = Moment(CALL, session(resource="llm"), CALL.atoms[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("finding.class", "pii"),
        ("finding.type", "EMAIL"),
        ("finding.field", "user"),
        (
            "findings",
            (
                {"class": "pii", "type": "EMAIL", "field": "user", "count": 2},
                {"class": "secret", "type": "JWT", "field": "tool_result", "count": 1},
            ),
        ),
        ("llm.model", "gpt-5"),
        ("llm.provider", "openai"),
        ("llm.path", "/v1/responses"),
        ("llm.stream", True),
        ("llm.max_tokens", 0),
        ("llm.messages", 0),
        ("llm.tools", 0),
        ("llm.input_bytes", 0),
        ("llm.opaque", 1),
    ],
)
def test_values_of_a_call(name: str, value: object) -> None:
    assert READERS[name](DISCLOSED) == value


@pytest.mark.parametrize("name", ["finding.class", "finding.type", "finding.field"])
def test_a_finding_s_words_are_missing_elsewhere(name: str) -> None:
    assert ATTRIBUTES[name].optional
    for action_, atom_ in ((CALL, CALL.atoms[0]), (ACTION, ATOM)):
        with pytest.raises(EvaluationError, match="is of findings only, and this is"):
            READERS[name](Moment(action_, SESSION, atom_))


def test_findings_are_missing_where_nobody_looked() -> None:
    with pytest.raises(EvaluationError, match="nobody looked for findings"):
        READERS["findings"](MOMENT)


@pytest.mark.parametrize("name", ["llm.model", "llm.stream", "llm.tools"])
def test_facts_of_one_kind_are_missing_in_another(name: str) -> None:
    with pytest.raises(EvaluationError, match=r"is of llm\.\* actions only, and this is sql\.query"):
        READERS[name](MOMENT)


@pytest.mark.parametrize("name", ["pass.ticket", "principal.on_behalf_of.kind", "principal.on_behalf_of.groups"])
def test_what_may_be_missing_is_declared_optional(name: str) -> None:
    assert ATTRIBUTES[name].optional
    with pytest.raises(EvaluationError, match="has no value"):
        READERS[name](Moment(ACTION, session(behind=False), ATOM))


def test_only_reads_looks_at_every_atom() -> None:
    read, write = atom(), atom("call", "nextval", verb_class=VerbClass.WRITE)
    reads = READERS["action.only_reads"]
    assert reads(Moment(action(read), SESSION, read)) is True
    assert reads(Moment(action(read, write, verb="select"), SESSION, read)) is False
    assert reads(Moment(action(verb="begin", verb_class=VerbClass.SESSION), SESSION, read)) is True


def test_every_attribute_that_a_test_leaves_out_has_a_value_or_is_missing_on_purpose() -> None:
    missing = {
        name for name, a in ATTRIBUTES.items() if not a.optional and a.assumed is None and empty_value(a.type) is None
    }
    assert missing == {"session.opened", "pass.issued", "pass.expires"}


def test_what_a_session_has_in_common() -> None:
    assert {name.partition(".")[0] for name, a in ATTRIBUTES.items() if a.scope is Scope.SESSION} == {
        *("principal", "pass", "resource", "session")
    }
    assert ATTRIBUTES["session.tags"].scope is Scope.ACTION
    assert [name for name, a in ATTRIBUTES.items() if a.volatile] == ["session.counters"]
