from passgate.core.action import Position
from passgate.core.decision import Outcome
from passgate.policy.explain import explain
from tests.unit.policy.actions import ALLOW_ALL, action, atom, policy, session

RULES = policy(
    ALLOW_ALL,
    "{id: ssn, when: \"column == 'ssn'\", then: deny}",
    "{id: email, when: \"column == 'email'\", then: {mask: {strategy: redact}}}",
    "{id: env, when: \"column == 'odd' && resource.labels.env == 'prod'\", then: deny}",
)


def test_every_atom_has_its_rules_and_the_whole_its_decision() -> None:
    judged = action(*(atom(column=column, position=Position.OUTPUT) for column in ("id", "email", "ssn", "odd")))
    found = explain(RULES, judged, session(labels={}))
    assert [(a.atom.column, a.outcome, a.rule, [f.id for f in a.fired]) for a in found.atoms] == [
        ("id", Outcome.ALLOW, "all", ["all"]),
        ("email", Outcome.ALLOW, "all", ["all", "email"]),
        ("ssn", Outcome.DENY, "ssn", ["all", "ssn"]),
        ("odd", Outcome.DENY, "error", []),
    ]
    assert found.atoms[3].failed == "there is no 'env'"
    assert found.decision == RULES.decide(judged, session(labels={}))
    email = found.atoms[1].fired[1]
    assert (email.outcome, email.when, email.place.line) == (None, "column == 'email'", 4)


def test_nothing_granted_is_said() -> None:
    found = explain(policy("{id: x, when: \"verb == 'drop'\", then: allow}"), action(atom()), session())
    assert [(a.rule, a.fired) for a in found.atoms] == [("default-deny", ())]
    assert found.decision.outcome is Outcome.DENY
