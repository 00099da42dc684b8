"""What another connection must be told to be like this one."""

from dataclasses import replace

import pytest

from passgate.core.action import Action, Atom, ObjectRef, VerbClass
from passgate.endpoints.postgres.own_settings import OwnSettings


def did(text: str, verb: str = "", verb_class: VerbClass = VerbClass.SESSION, *atoms: Atom) -> Action:
    return Action(
        kind="sql.query",
        verb=verb or text.split(maxsplit=1)[0].lower(),
        verb_class=verb_class,
        text=text,
        atoms=tuple(atoms),
    )


def after(*steps: str) -> OwnSettings:
    """``!``: the server said no; ``.``: it is idle; COMMIT and ROLLBACK as it answers them; the rest is carried out."""
    settings = OwnSettings()
    for step in steps:
        if step == "!":
            settings.failed()
        elif step == ".":
            settings.transaction_over()
        elif step == "ROLLBACK TO a":
            settings.carried_out(did(step, "rollback_to"), "ROLLBACK")
        else:
            settings.carried_out(did(step), step.split()[0])
    return settings


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ("SET a = 1|.|RESET a|.|DISCARD ALL|.", ["SET a = 1", "RESET a", "DISCARD ALL"]),
        ("BEGIN|.|SET a = 1|.", ["SET a = 1"]),  # as a round that is idle: the relay calls it only then
        ("BEGIN|SET a = 1|COMMIT|.", ["SET a = 1"]),
        ("BEGIN|SET a = 1|ROLLBACK|.", []),
        ("BEGIN|SET a = 1|!|ROLLBACK|.", []),
        ("SET a = 1|!|.", []),  # one implicit transaction
        ("!|.|SET a = 1|.", ["SET a = 1"]),
        ("SELECT 1|.|SHOW a|.", []),
    ],
)
def test_what_holds_is_said_again(steps: str, kept: list[str]) -> None:
    settings = after(*steps.split("|"))
    assert list(settings.statements) == kept
    assert settings.unknown == ""


@pytest.mark.parametrize(
    "steps",
    [
        "BEGIN|SET a = 1|ROLLBACK TO a|COMMIT|.",
        "BEGIN|ROLLBACK TO a|SET a = 1|COMMIT|.",
        "BEGIN|!|ROLLBACK TO a|SET a = 1|COMMIT|.",
        "SET a = 1|COMMIT|!|.",
        "BEGIN|SET a = 1|COMMIT|ROLLBACK|.",
    ],
)
def test_what_holds_in_part_is_not_known(steps: str) -> None:
    settings = after(*steps.split("|"))
    assert "only a part holds" in settings.unknown
    assert settings.statements == ()


def test_too_many_are_not_followed() -> None:
    settings = after(*["SET a = 1", "."] * 65)
    assert "too often" in settings.unknown
    settings.carried_out(did("SELECT 1"), "SELECT")
    assert "too often" in settings.unknown


TABLE = Atom(verb="create", verb_class=VerbClass.DDL, object=ObjectRef(kind="relation", name="t", namespace="pg_temp"))
SETTING = Atom(verb="set", verb_class=VerbClass.SESSION, object=ObjectRef(kind="setting", name="app.x"))
SHOWN = replace(SETTING, verb="show")
CALL = Atom(verb="call", verb_class=VerbClass.CODE, object=ObjectRef(kind="function", name="f", effect="unknown"))
PURE = Atom(verb="call", verb_class=VerbClass.READ, object=ObjectRef(kind="function", name="now", effect="pure"))


@pytest.mark.parametrize(
    ("action", "why"),
    [
        (did("CREATE TEMP TABLE t (id int)", "create", VerbClass.DDL, TABLE), "temporary tables"),
        (did("SELECT set_config('app.x', '1', false)", "select", VerbClass.READ, SETTING), "inside a statement"),
        (did("SELECT f()", "select", VerbClass.READ, CALL), "run code"),
        (did("DO $$...$$", "do", VerbClass.CODE), "run code"),
        (replace(did("SELECT ?", "select", VerbClass.READ), complete=False), "run code"),
    ],
)
def test_what_cannot_be_said_again_is_told(action: Action, why: str) -> None:
    settings = OwnSettings()
    settings.carried_out(action, "SELECT")
    assert why in settings.unknown


def test_reading_leaves_a_session_as_it_was_however_often() -> None:
    settings = OwnSettings()
    for number in range(600):
        settings.carried_out(did(f"SELECT {number}", "select", VerbClass.READ, SHOWN, PURE), "SELECT")
        settings.transaction_over()
    assert (settings.unknown, settings.statements) == ("", ())
