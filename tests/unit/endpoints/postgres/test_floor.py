from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.action import Action, Atom, ObjectRef, VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.endpoints.postgres.floor import Floor, changes

NOW = datetime(2026, 1, 1, tzinfo=UTC)
READ = frozenset({VerbClass.READ})
WRITE = frozenset({VerbClass.READ, VerbClass.WRITE})


def floor(kind: PrincipalKind, verbs: frozenset[VerbClass]) -> Floor:
    pass_ = Pass(
        id="p",
        principal=Principal(kind=kind, subject="x"),
        resources=frozenset({"shop"}),
        verbs=verbs,
        purpose="",
        ticket=None,
        issued=NOW,
        expires=NOW + timedelta(minutes=1),
    )
    return Floor(Session(id="s", pass_=pass_, resource=Resource(name="shop", kind="postgres"), opened=NOW, peer=""))


def action(text: str, verb: str, verb_class: VerbClass = VerbClass.SESSION, *atoms: Atom) -> Action:
    return Action(kind="sql.query", verb=verb, verb_class=verb_class, text=text, atoms=atoms)


def setting(name: str, verb: str = "set") -> Atom:
    return Atom(verb=verb, verb_class=VerbClass.SESSION, object=ObjectRef(kind="setting", name=name))


READER = floor(PrincipalKind.AGENT, READ)
WRITER = floor(PrincipalKind.AGENT, WRITE)
PERSON = floor(PrincipalKind.HUMAN, WRITE)


def test_agents_have_one_and_a_pass_that_writes_lifts_it() -> None:
    assert (READER.stands, READER.liftable) == (True, False)
    assert (WRITER.stands, WRITER.liftable) == (True, True)
    assert not PERSON.stands


@pytest.mark.parametrize("name", ["default_transaction_read_only", "transaction_read_only"])
def test_the_settings_behind_it_can_be_shown_not_changed(name: str) -> None:
    change = [action(f"set {name} = off", "set", VerbClass.SESSION, setting(name))]
    assert READER.objection(change)
    assert WRITER.objection(change)
    assert not PERSON.objection(change)
    assert not WRITER.objection([action(f"show {name}", "show", VerbClass.READ, setting(name, "show"))])


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("BEGIN READ WRITE", "begin"),
        ("start transaction isolation level serializable,read/**/write;", "begin"),
        ("BEGIN -- /*\n READ WRITE", "begin"),
        ("BEGIN -- x\rREAD WRITE", "begin"),
        ("BEGIN /* /* nested */ */ READ WRITE", "begin"),
        ("SET TRANSACTION READ WRITE", "set_transaction"),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "set"),
    ],
)
def test_a_pass_that_may_not_write_opens_nothing_read_write(text: str, verb: str) -> None:
    assert READER.objection([action("select 1", "select", VerbClass.READ), action(text, verb)])
    assert not WRITER.objection([action(text, verb)])


@pytest.mark.parametrize("text", ["BEGIN", "BEGIN READ ONLY", "BEGIN /* READ WRITE */", "BEGIN -- READ WRITE"])
def test_what_does_not_write_is_left_alone(text: str) -> None:
    assert not READER.objection([action(text, "begin")])


@pytest.mark.parametrize(
    ("text", "opened"),
    [
        ("BEGIN", "BEGIN READ WRITE"),
        ("begin;", "BEGIN READ WRITE"),
        ("start transaction isolation level serializable", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE"),
        ("BEGIN -- READ ONLY", "BEGIN READ WRITE"),
        ("BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"),
        ("BEGIN READ ONLY", None),
        ("BEGIN READ WRITE", None),
    ],
)
def test_a_block_is_opened_for_writing_unless_it_says_itself(text: str, opened: str | None) -> None:
    assert WRITER.opened((action(text, "begin"),)) == opened
    assert READER.opened((action(text, "begin"),)) is None
    assert PERSON.opened((action(text, "begin"),)) is None


def test_the_other_statements_of_a_query_stay_as_they_are() -> None:
    actions = (
        action("begin", "begin"),
        action("update t set a = ';'", "update", VerbClass.WRITE),
        action("end", "commit"),
    )
    assert WRITER.opened(actions) == "BEGIN READ WRITE;\nupdate t set a = ';';\nend"


def test_what_changes_anything_at_any_depth() -> None:
    write = Atom(verb="insert", verb_class=VerbClass.WRITE, object=ObjectRef(kind="relation", name="t"))
    assert changes(action("insert", "insert", VerbClass.WRITE))
    assert changes(action("with x as (insert ...) select", "select", VerbClass.READ, write))
    assert not changes(action("select 1", "select", VerbClass.READ))
    assert not changes(action("commit", "commit"))
