import pytest

from passgate.core.action import Position, VerbClass
from passgate.core.decision import Approvers
from passgate.policy import wording
from tests.unit.policy.actions import action, atom
from tests.unit.policy.calls import call, finding


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("", None),
        ("No {column} of {object}.", None),
        ("{{literally}}", None),
        ("{colum}", "colum"),
        ("{", "{"),
        ("{0}", "0"),
        ("{}", ""),
    ],
)
def test_placeholders(text: str, stranger: str | None) -> None:
    assert wording.unknown_placeholder(text) == stranger


def test_filling_in() -> None:
    text = "{verb} {kind} {object} {column} {position} {resource} {{x}}"
    found = wording.filled(text, atom(column="id", position=Position.OUTPUT), "shop")
    assert found == "select relation public.orders id output shop {x}"


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (atom(), "select on relation public.orders"),
        (atom(column="id", position=Position.OUTPUT), "select of column id of public.orders"),
        (atom(column="id", position=Position.PREDICATE), "select of column id of public.orders as predicate"),
        (atom("commit", "", kind="transaction", namespace=""), "commit on transaction"),
        (atom("checkpoint", "", kind="", namespace=""), "checkpoint"),
        (atom("drop", "x", kind="event_trigger", namespace=""), "drop on event trigger x"),
        (
            atom("disclose", "JWT", "tool_result", kind="finding", namespace="secret"),
            "disclose of JWT (secret) in tool result",
        ),
    ],
)
def test_atoms_are_described(one: object, text: str) -> None:
    assert wording.described(one) == text  # type: ignore[arg-type]


def test_filling_in_a_finding() -> None:
    jwt = atom("disclose", "JWT", "tool_result", kind="finding", namespace="secret")
    assert wording.filled("{name} of {object} in {column}", jwt, "m") == "JWT of secret.JWT in tool result"


def test_what_to_take_out_is_told_by_part() -> None:
    found = [finding(f"secret:{name}:user") for name in "ABCDEFGH"] + [finding("secret:A:tool_result")]
    assert wording.findings_hint(found).startswith("Take out A, B, C, D, E, F, ... in user; A in tool result, and send")


def test_a_gap_s_hint_is_about_its_kind() -> None:
    assert wording.gaps_hint(action(verb="x")).startswith("Write it as one plain statement")
    assert wording.gaps_hint(call()).startswith("Leave out what the gate cannot look into")


def test_reasons() -> None:
    assert wording.deny_reason("r", atom("drop")) == "Drop on relation public.orders is denied by rule r."
    assert wording.hold_reason("r", atom("drop")) == "Drop on relation public.orders needs approval (rule r)."
    assert (
        wording.gaps_reason(action(verb="x", gaps=()))
        == "Not fully understood, so not allowed: no part of it could be read."
    )


def test_the_hint_of_a_hold_rounds_minutes_up() -> None:
    one = wording.hold_hint(Approvers(group="dba", count=1, expires_seconds=90))
    assert one == "Ask one person of group dba to approve it; the request waits 2 min."


def test_many_columns_are_cut_short() -> None:
    hint = wording.columns_hint([atom(name="t", column=f"c{n}", position=Position.OUTPUT) for n in range(9)])
    assert hint.startswith("Leave out columns c0, c1, c2, c3, c4, c5, ... of public.t")
    assert wording.columns_hint([atom()]) == ""


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        (atom("call", "f", kind="function"), "Leave out the call of public.f(), or ask the operator to allow it."),
        (
            atom("disclose", "JWT", "tool_result", kind="finding", namespace="secret"),
            "Take out JWT in tool result, and send it again.",
        ),
        (
            atom("generate", "gpt-5", kind="model", namespace=""),
            "Use another model than gpt-5, or ask the operator for a rule that allows it.",
        ),
        (atom("offer", "sh", kind="tool", namespace=""), "Do not offer the tool sh."),
        (atom("set", "work_mem", kind="setting", namespace=""), "Leave the setting work_mem as it is."),
        (atom(name="payments"), "Leave out relation public.payments; other tables may be allowed."),
        (
            atom("drop", "t", verb_class=VerbClass.DDL),
            "Ask the operator for a rule or a pass that covers drop on relation public.t.",
        ),
    ],
)
def test_hints_about_objects(one: object, hint: str) -> None:
    assert wording.object_hint(one) == hint  # type: ignore[arg-type]
