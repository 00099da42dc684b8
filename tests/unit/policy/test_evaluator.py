import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.action import Action, ColumnRef, Position, VerbClass
from passgate.core.decision import Approvers, Decision, Mask, MaxRows, Outcome, StrategyKind, Tag
from passgate.core.session import Session
from passgate.policy.bundle import load_text
from passgate.policy.evaluator import RulePolicy, judged_atoms
from tests.unit.policy.actions import ALLOW_ALL, action, atom, policy, session

READ = action(atom(column="id", position=Position.OUTPUT))


def decide(found: RulePolicy, judged: Action = READ, whose: Session | None = None) -> Decision:
    return found.decide(judged, whose or session())


# -- the lattice ---------------------------------------------------------------------------------------------------------


def test_without_a_grant_it_is_denied() -> None:
    decision = decide(policy("{id: other, when: \"verb == 'insert'\", then: allow}"))
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "default-deny")
    assert decision.reason == "No rule grants select of column id of public.orders."
    assert decision.fired == ()


def test_a_grant_allows() -> None:
    decision = decide(policy(ALLOW_ALL))
    assert (decision.outcome, decision.rule, decision.reason) == (Outcome.ALLOW, "all", "Allowed by rule all.")
    assert decision.hint == ""


@pytest.mark.parametrize(
    ("rules", "outcome", "rule"),
    [
        (("allow", "hold"), Outcome.HOLD, "r1"),
        (("hold", "deny"), Outcome.DENY, "r1"),
        (("deny", "allow"), Outcome.DENY, "r0"),
        (("deny", "deny", "hold"), Outcome.DENY, "r0"),
        (("hold",), Outcome.HOLD, "r0"),
        (("read_only",), Outcome.DENY, "default-deny"),
    ],
)
def test_the_strictest_wins(rules: tuple[str, ...], outcome: Outcome, rule: str) -> None:
    decision = decide(
        policy(
            ALLOW_ALL.replace("true", "false"),
            *(f"{{id: r{n}, when: 'true', then: {then}}}" for n, then in enumerate(rules)),
        )
    )
    assert (decision.outcome, decision.rule) == (outcome, rule)


def test_an_allow_names_what_granted_the_action_not_what_granted_its_reads() -> None:
    granted = policy(
        "{id: reads, when: \"verb == 'select'\", then: allow}", "{id: updates, when: \"verb == 'update'\", then: allow}"
    )
    atoms = (atom(column="id", position=Position.PREDICATE), atom("update", verb_class=VerbClass.WRITE))
    assert decide(granted, action(*atoms, verb="update", verb_class=VerbClass.WRITE)).rule == "updates"
    assert decide(granted, action(*atoms, verb="select")).rule == "reads"


def test_every_atom_needs_its_own_grant() -> None:
    granted = policy("{id: orders, when: \"object.name == 'orders'\", then: allow}")
    assert decide(granted).outcome is Outcome.ALLOW
    both = action(atom(), atom(name="payments"))
    decision = decide(granted, both)
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "default-deny")
    assert "payments" in decision.reason


def test_the_strictest_atom_sets_the_outcome() -> None:
    rules = policy(
        ALLOW_ALL, "{id: ssn, when: \"column == 'ssn'\", then: deny}", "{id: h, when: \"column == 'a'\", then: hold}"
    )
    assert decide(rules, action(atom(column="id"), atom(column="a"))).rule == "h"
    decision = decide(rules, action(atom(column="a"), atom(column="ssn"), atom(column="id")))
    assert (decision.rule, decision.fired) == ("ssn", ("all", "ssn", "h"))


def test_the_action_itself_is_judged_where_no_atom_bears_its_verb() -> None:
    reads = policy("{id: reads, when: \"verb_class == 'read'\", then: allow}")
    assert decide(reads, action(verb="select")).outcome is Outcome.ALLOW
    assert decide(reads, action(verb="drop", verb_class=VerbClass.DDL)).outcome is Outcome.DENY
    hidden = action(atom(), verb="drop", verb_class=VerbClass.DDL)
    assert decide(reads, hidden).reason == "No rule grants drop."
    assert len(judged_atoms(hidden)) == 2
    assert judged_atoms(READ) is READ.atoms


# -- not understood --------------------------------------------------------------------------------------------------------


def test_what_is_not_understood_is_denied_whatever_is_granted() -> None:
    decision = decide(policy(ALLOW_ALL), action(atom(), gaps=("relation x is not known", "b", "c", "d")))
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "not-understood")
    assert decision.reason == "Not fully understood, so not allowed: relation x is not known; b; c."
    assert decision.hint


def test_what_could_not_be_read_at_all_is_denied_as_such() -> None:
    decision = decide(policy(ALLOW_ALL.replace("true", "false")), action(verb="unknown", gaps=("syntax error",)))
    assert decision.rule == "not-understood"


def test_a_deny_rule_says_more_than_a_gap() -> None:
    rules = policy(ALLOW_ALL, "{id: no, when: \"object.name == 'orders'\", then: deny}")
    assert decide(rules, action(atom(), gaps=("x",))).rule == "no"


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("allow", None, Outcome.ALLOW),
        ("hold", None, Outcome.HOLD),
        ("allow", "hold", Outcome.HOLD),
        ("deny", None, Outcome.DENY),
    ],
)
def test_a_grant_can_say_what_it_is_worth_for_gaps(first: str, second: str | None, outcome: Outcome) -> None:
    rules = [f"{{id: first, when: 'true', then: allow, incomplete: {first}}}"]
    if second:
        rules.append(f"{{id: second, when: 'true', then: allow, incomplete: {second}}}")
    assert decide(policy(*rules), action(atom(), gaps=("x",))).outcome is outcome
    assert decide(policy(*rules), action(verb="select", gaps=("x",))).outcome is outcome


def test_every_atom_needs_a_grant_that_covers_gaps() -> None:
    rules = policy(ALLOW_ALL, "{id: some, when: \"object.name == 'orders'\", then: allow, incomplete: allow}")
    assert decide(rules, action(atom(), gaps=("x",))).outcome is Outcome.ALLOW
    assert decide(rules, action(atom(), atom(name="other"), gaps=("x",))).rule == "not-understood"


def test_a_hold_stays_a_hold_beside_a_grant_that_covers_gaps() -> None:
    rules = policy("{id: a, when: 'true', then: allow, incomplete: allow}", "{id: h, when: 'true', then: hold}")
    assert decide(rules, action(atom(), gaps=("x",))).rule == "h"


# -- errors ----------------------------------------------------------------------------------------------------------------


def test_a_missing_value_is_a_deny_that_names_the_rule() -> None:
    rules = policy(ALLOW_ALL, "{id: prod, when: \"resource.labels.env == 'prod'\", then: {tag: x}}")
    decision = decide(rules, READ, session(labels={}))
    assert (decision.outcome, decision.rule, decision.fired) == (Outcome.DENY, "error", ("prod",))
    assert "Rule prod could not be judged" in decision.reason
    assert "there is no 'env'" in decision.reason
    assert "has(...)" in decision.hint


@pytest.mark.parametrize(
    ("when", "outcome"),
    [
        ("'env' in resource.labels && resource.labels.env == 'prod'", Outcome.ALLOW),
        ("has(resource.labels.env) && resource.labels.env == 'prod'", Outcome.ALLOW),
        ("resource.labels.env == 'prod' && verb == 'drop'", Outcome.ALLOW),
        ("verb == 'drop' && resource.labels.env == 'prod'", Outcome.ALLOW),
        ("resource.labels.env == 'prod' && verb == 'select'", Outcome.DENY),
        ("resource.labels.env == 'prod' || verb == 'drop'", Outcome.DENY),
        ("resource.labels.env == 'prod' || verb == 'select'", Outcome.DENY),
        ("pass.ticket == 'T-1'", Outcome.DENY),
        ("has(pass.ticket) && pass.ticket == 'T-1'", Outcome.ALLOW),
        ("findings.exists(f, f.class == 'secret')", Outcome.DENY),
        ("resource.kind == 'llm' && findings.exists(f, f.class == 'secret')", Outcome.ALLOW),
    ],
)
def test_guards_keep_a_rule_from_failing(when: str, outcome: Outcome) -> None:
    rules = load_text(f"rules:\n- {ALLOW_ALL}\n- id: no\n  when: >-\n    {when}\n  then: deny\n").policy()
    assert decide(rules, READ, session(labels={})).outcome is outcome


def test_facts_are_of_their_own_kind_of_action_only() -> None:
    rules = policy(ALLOW_ALL, "{id: c, when: 'sql.cartesian', then: hold}")
    assert decide(rules, action(atom(), facts={"sql.cartesian": True})).outcome is Outcome.HOLD
    assert decide(rules, action(atom())).outcome is Outcome.ALLOW
    assert decide(rules, action(atom(), kind="llm.generate")).rule == "error"


def test_too_much_work_is_a_deny() -> None:
    rules = policy(ALLOW_ALL, "{id: slow, when: 'inputs.all(a, inputs.all(b, inputs.all(c, true)))', then: {tag: x}}")
    many = action(atom(), inputs={str(n): "v" for n in range(100)})
    decision = decide(rules, many)
    assert (decision.rule, decision.fired) == ("error", ("slow",))


def test_a_defect_in_a_condition_is_a_deny_not_a_crash() -> None:
    rules = policy(ALLOW_ALL, "{id: broken, when: \"verb == 'select' && column == 'id'\", then: deny}")

    def broken(_: object) -> bool:
        raise TypeError("a value that nobody should see")

    damaged = dataclasses.replace(
        rules.rules[1],
        terms=tuple(dataclasses.replace(term, program=broken, dimension="") for term in rules.rules[1].terms),
    )
    decision = RulePolicy((rules.rules[0], damaged), "v").decide(READ, session())
    assert decision.rule == "error"
    assert "TypeError" in decision.reason
    assert "nobody should see" not in decision.reason


def test_a_defect_in_a_term_of_the_session_is_a_deny_too() -> None:
    rules = policy("{id: broken, when: \"principal.kind == 'agent' && verb == 'select'\", then: allow}")

    def broken(_: object) -> bool:
        raise AttributeError("x")

    first, second = rules.rules[0].terms
    damaged = dataclasses.replace(rules.rules[0], terms=(dataclasses.replace(first, program=broken), second))
    assert RulePolicy((damaged,), "v").decide(READ, session()).rule == "error"


# -- who and where ----------------------------------------------------------------------------------------------------------


def test_rules_about_the_session() -> None:
    rules = policy(
        "{id: a, when: \"has(principal.on_behalf_of) && 'staff' in principal.on_behalf_of.groups\", then: allow}",
        "{id: b, when: \"principal.kind == 'human' && 'dba' in principal.groups\", then: allow}",
    )
    assert decide(rules, READ, session()).rule == "a"
    assert decide(rules, READ, session("human", groups=("dba",), behind=False)).rule == "b"
    assert decide(rules, READ, session("human", behind=False)).outcome is Outcome.DENY
    assert decide(rules, READ, session("service", behind=False)).outcome is Outcome.DENY


def test_a_session_that_changes_its_pass_is_judged_anew() -> None:
    rules = policy("{id: a, when: \"principal.kind == 'agent'\", then: allow}")
    whose = session()
    assert decide(rules, READ, whose).outcome is Outcome.ALLOW
    whose.pass_ = session("human").pass_
    assert decide(rules, READ, whose).outcome is Outcome.DENY


def test_tags_and_counters_are_looked_at_each_time() -> None:
    rules = policy(
        ALLOW_ALL,
        "{id: tagged, when: \"'sensitive-read' in session.tags && verb_class in ['egress', 'read']\", then: hold}",
        "{id: many, when: 'session.counters.masked > 2', then: deny}",
    )
    whose = session()
    assert decide(rules, READ, whose).outcome is Outcome.ALLOW
    whose.tag("sensitive-read")
    assert decide(rules, READ, whose).rule == "tagged"
    whose.count("masked", 3)
    assert decide(rules, READ, whose).rule == "many"
    assert not rules.stable
    assert policy(ALLOW_ALL).stable


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.policy.evaluator._KEPT", 3)
    rules = policy(ALLOW_ALL, "{id: m, when: \"column != ''\", then: {mask: {strategy: redact}}}")
    kept = [session() for _ in range(10)]
    for number, whose in enumerate(kept):
        decision = decide(rules, action(atom(column=f"c{number}")), whose)
        assert isinstance(decision.obligations[0], Mask)
        assert decision.obligations[0].column.column == f"c{number}"
    assert len(rules._sessions) <= 3
    assert len(rules._decisions) <= 3


# -- what passes ------------------------------------------------------------------------------------------------------------


def test_masks_name_their_column() -> None:
    rules = policy(
        ALLOW_ALL,
        "{id: email, when: \"column == 'email' && position == 'output'\", then: {mask: {strategy: partial, keep_last: 4}}}",
    )
    judged = action(
        atom(name="customers", column="email", position=Position.OUTPUT),
        atom(name="customers", column="email", position=Position.PREDICATE),
    )
    for _ in range(2):
        decision = decide(rules, judged)
        assert decision.outcome is Outcome.ALLOW
        mask = decision.obligations[0]
        assert isinstance(mask, Mask)
        assert mask.column == ColumnRef(namespace="public", object="customers", column="email")
        assert (mask.strategy.kind, mask.strategy.keep_last, mask.rule) == (StrategyKind.PARTIAL, 4, "email")
    other = decide(rules, action(atom(name="staff", column="email", position=Position.OUTPUT)))
    assert [o.column.object for o in other.obligations if isinstance(o, Mask)] == ["staff"]


def test_a_hold_names_its_approvers_and_obligations() -> None:
    rules = policy(
        "{id: one, when: 'true', then: [hold, {max_rows: 5}], approvers: {group: dba, count: 2, expires: 10m}}",
        "{id: two, when: 'true', then: hold, approvers: {group: ops}}",
    )
    decision = decide(rules)
    assert decision.approvers == Approvers(group="dba", count=2, expires_seconds=600)
    assert decision.obligations == (MaxRows(limit=5, rule="one"),)
    assert decision.hint == "Ask 2 different people of group dba to approve it; the request waits 10 min."


@pytest.mark.parametrize(
    ("modes", "expected"),
    [("try never", "never"), ("never required", "required"), ("try try", "try"), ("required try", "required")],
)
def test_of_several_holds_the_preview_that_one_of_them_insists_on(modes: str, expected: str) -> None:
    one, two = modes.split()
    rules = policy(
        f"{{id: one, when: 'true', then: hold, approvers: {{count: 2, preview: {one}}}}}",
        f"{{id: two, when: 'true', then: hold, approvers: {{preview: {two}}}}}",
    )
    approvers = decide(rules).approvers
    assert approvers is not None
    assert (approvers.count, approvers.preview.value) == (2, expected)


def test_messages_and_hints_are_filled_in() -> None:
    rules = policy(
        "{id: h, when: \"verb == 'select'\", then: hold, message: 'Reading {object} on {resource}.', hint: 'Not {column}.'}",
        "{id: d, when: \"verb == 'drop'\", then: deny, message: '{verb} of {kind} {object}.'}",
    )
    decision = decide(rules)
    assert (decision.reason, decision.hint) == ("Reading public.orders on shop.", "Not id.")
    denied = decide(rules, action(atom("drop", verb_class=VerbClass.DDL)))
    assert denied.reason == "drop of relation public.orders."


def test_obligations_of_a_refusal_are_kept() -> None:
    rules = policy(
        "{id: d, when: 'true', then: [deny, {notify: sec}, {tag: tried}]}", "{id: a, when: 'false', then: allow}"
    )
    assert {type(o).__name__ for o in decide(rules).obligations} == {"Notify", "Tag"}
    assert Tag(tag="tried", rule="d") in decide(rules).obligations


# -- hints --------------------------------------------------------------------------------------------------------------------

WRITES = (
    "{id: nowhere, when: \"verb == 'delete' && !where_effective\", then: deny}",
    "{id: keyed, when: \"verb == 'delete' && key_pinned\", then: allow}",
)


def test_the_hint_of_a_write_is_the_nearest_one_that_passes() -> None:
    delete = action(atom("delete", verb_class=VerbClass.WRITE))
    assert (
        decide(policy(*WRITES), delete).hint
        == "Name the rows of public.orders by primary key: add WHERE <key> = <value>."
    )
    some = "{id: some, when: \"verb == 'delete' && !key_pinned\", then: hold}"
    assert (
        decide(policy(*WRITES, some), delete).hint
        == "Narrow the rows of public.orders: add a WHERE that is not always true."
    )
    assert "Ask the operator" in decide(policy(WRITES[0], ALLOW_ALL.replace("true", "verb == ''select''")), delete).hint


def test_the_hint_names_every_denied_column_at_once() -> None:
    rules = policy(ALLOW_ALL, "{id: no, when: \"column in ['ssn', 'iban']\", then: deny}")
    judged = action(
        atom(name="customers", column="ssn", position=Position.OUTPUT),
        atom(name="customers", column="iban", position=Position.OUTPUT),
        atom(name="customers", column="ssn", position=Position.ORDER),
        atom(name="customers", column="name", position=Position.OUTPUT),
    )
    assert decide(rules, judged).hint == (
        "Leave out columns ssn, iban of public.customers; do not sort by column ssn of public.customers: "
        "name the columns you need instead."
    )


def test_a_rule_that_fails_on_the_way_to_a_hint_changes_nothing() -> None:
    rules = policy(
        WRITES[0],
        "{id: odd, when: \"verb == 'delete' && where_effective && resource.labels.gone == 'x'\", then: allow}",
    )
    decision = decide(rules, action(atom("delete", verb_class=VerbClass.WRITE)))
    assert decision.rule == "nowhere"
    assert decision.hint.startswith("Ask the operator")


# -- properties ---------------------------------------------------------------------------------------------------------------

CONDITIONS = (
    "true",
    "verb == 'select'",
    "verb in ['update', 'delete'] && !key_pinned",
    "object.name == 'orders'",
    "object.name in ['customers', 'orders'] && column == 'email'",
    "column == 'ssn' || position == 'order'",
    "verb == 'select' || verb == 'update'",
    "principal.kind == 'agent'",
    "principal.kind == 'agent' && object.name == 'orders' && verb != 'drop'",
    "resource.labels.env == 'prod'",
    "resource.labels.team == 'x' && verb == 'select'",
    "verb_class == 'write' && where_effective",
    "'seen' in session.tags",
    "object.kind == 'relation' && object.effect == ''",
    "sql.cartesian && verb_class == 'read'",
)
GRANTING = ("allow", "hold", "deny")
OBLIGING = (
    "{max_rows: 3}",
    "{tag: t}",
    "read_only",
    "{mask: {strategy: redact}}",
    "{limit: 9}",
    "{record: strict}",
    "{scan: [pii]}",
)

atoms = st.builds(
    atom,
    st.sampled_from(("select", "update", "delete", "drop")),
    st.sampled_from(("orders", "customers")),
    st.sampled_from(("", "email", "ssn", "id")),
    st.sampled_from((Position.OUTPUT, Position.ORDER, Position.NONE)),
    verb_class=st.sampled_from((VerbClass.READ, VerbClass.WRITE)),
    where=st.booleans(),
    key=st.booleans(),
)
actions = st.builds(
    lambda found, verb, cartesian, gaps: action(*found, verb=verb, facts={"sql.cartesian": cartesian}, gaps=gaps),
    st.lists(atoms, max_size=4),
    st.sampled_from(("select", "update")),
    st.booleans(),
    st.sampled_from(((), ("a gap",))),
)
bodies = st.tuples(st.sampled_from(CONDITIONS), st.sampled_from(GRANTING + OBLIGING))
sessions = st.builds(
    session,
    st.sampled_from(("agent", "human")),
    labels=st.sampled_from(({"env": "prod"}, {"env": "dev"}, {}, {"team": "x"})),
)


def built(rules: list[tuple[str, str]]) -> RulePolicy:
    written = "\n".join(f'- {{id: r{n}, when: "{when}", then: {then}}}' for n, (when, then) in enumerate(rules))
    return load_text(f"rules:\n- {{id: base, when: \"column == 'id'\", then: allow}}\n{written}\n").policy()


@settings(max_examples=150, deadline=None)
@given(rules=st.lists(bodies, max_size=6), when=st.sampled_from(CONDITIONS), judged=actions, whose=sessions)
def test_a_deny_rule_never_makes_a_verdict_laxer(
    rules: list[tuple[str, str]], when: str, judged: Action, whose: Session
) -> None:
    before = built(rules).decide(judged, whose)
    after = built([*rules, (when, "deny")]).decide(judged, whose)
    assert after.outcome.rank >= before.outcome.rank


@settings(max_examples=150, deadline=None)
@given(rules=st.lists(bodies, max_size=6), then=st.sampled_from(OBLIGING), judged=actions, whose=sessions)
def test_an_obligation_never_grants(rules: list[tuple[str, str]], then: str, judged: Action, whose: Session) -> None:
    before = built(rules).decide(judged, whose)
    after = built([*rules, ("true", then)]).decide(judged, whose)
    assert after.outcome is before.outcome


@settings(max_examples=150, deadline=None)
@given(rules=st.lists(bodies, max_size=6), judged=actions, whose=sessions, data=st.data())
def test_the_order_of_rules_changes_no_outcome(
    rules: list[tuple[str, str]], judged: Action, whose: Session, data: st.DataObject
) -> None:
    named = list(enumerate(rules))
    shuffled = data.draw(st.permutations(named))
    one, other = (
        load_text(
            "rules:\n- {id: base, when: \"column == 'id'\", then: allow}\n"
            + "\n".join(f'- {{id: r{n}, when: "{when}", then: {then}}}' for n, (when, then) in order)
        )
        .policy()
        .decide(judged, whose)
        for order in (named, shuffled)
    )
    assert one.outcome is other.outcome
    if "error" not in (one.rule, other.rule):
        assert one.obligations == other.obligations
        assert set(one.fired) == set(other.fired)


@settings(max_examples=150, deadline=None)
@given(rules=st.lists(bodies, max_size=6), judged=actions, whose=sessions)
def test_index_and_session_view_change_nothing(rules: list[tuple[str, str]], judged: Action, whose: Session) -> None:
    """Against the definition itself: every rule's whole condition, one after the other."""
    from passgate.policy.attributes import Moment
    from passgate.policy.cel import EvaluationError

    found = built(rules)
    worst = Outcome.ALLOW
    failed = False
    for one in judged_atoms(judged):
        outcomes: set[Outcome] = set()
        for rule in found.rules:
            try:
                if rule.program(Moment(judged, whose, one)) and rule.outcome is not None:
                    outcomes.add(rule.outcome)
            except EvaluationError:
                failed = True
        strictest = max(outcomes, key=lambda o: o.rank, default=Outcome.DENY)
        worst = max(worst, strictest, key=lambda o: o.rank)
    if failed or not judged.complete:
        worst = Outcome.DENY
    assert found.decide(judged, whose).outcome is worst
