from passgate.core.action import Position
from passgate.policy.attributes import Moment
from passgate.policy.bundle import load_text
from passgate.policy.rule import DIMENSIONS
from passgate.policy.view import WEIGHT, features, state, tables, weight
from tests.unit.policy.actions import action, atom, session

BUNDLE = load_text(
    """\
rules:
- {id: agents, when: "principal.kind == 'agent' && verb == 'select'", then: allow}
- {id: humans, when: "principal.kind == 'human' && verb == 'select'", then: deny}
- {id: always, when: "principal.kind == 'agent'", then: {tag: t}}
- {id: fails, when: "resource.labels.gone == 'x' && object.name == 'orders'", then: deny}
- {id: fails-false, when: "resource.labels.gone == 'x' && principal.kind == 'human'", then: deny}
- {id: names, when: "verb == 'select' && object.name in ['a', 'b'] && column == 'c' && key_pinned", then: hold}
- {id: either, when: "column == 'x' || column == 'y'", then: deny}
- {id: mixed, when: "column == 'x' || verb == 'drop'", then: deny}
"""
)
MOMENT = Moment(action(atom()), session(), atom())


def test_the_session_is_looked_at_once() -> None:
    assert list(state(BUNDLE.rules, MOMENT)) == [1, 0, 1, 2, 0, 1, 1, 1]


def test_each_rule_is_found_under_its_most_telling_key() -> None:
    found = {
        DIMENSIONS[place] if place < len(DIMENSIONS) else "everywhere": {
            key: [candidate.rule.id for candidate in candidates] for key, candidates in table.items()
        }
        for place, table in tables(BUNDLE.rules, state(BUNDLE.rules, MOMENT))
    }
    assert found == {
        "object.name": {"orders": ["fails"], "a": ["names"], "b": ["names"]},
        "column": {"x": ["either"], "y": ["either"]},
        "verb": {"select": ["agents"]},
        "everywhere": {"": ["always", "mixed"]},
    }


def test_what_is_known_is_not_tested_again() -> None:
    candidates = {
        candidate.rule.id: candidate
        for _, table in tables(BUNDLE.rules, state(BUNDLE.rules, MOMENT))
        for found in table.values()
        for candidate in found
    }
    assert {name for name, candidate in candidates.items() if candidate.test is None} == {"agents", "always", "either"}


def test_weights_order_outcomes_then_places() -> None:
    allow, deny, oblige, hold = (weight(BUNDLE.rules[n]) for n in (0, 1, 2, 5))
    assert oblige == 0 < allow <= WEIGHT < hold <= 2 * WEIGHT < deny
    assert weight(BUNDLE.rules[1]) > weight(BUNDLE.rules[3])


def test_features_follow_the_dimensions() -> None:
    found = features(atom("call", "f", "c", Position.ORDER, kind="function", effect="pure"))
    assert dict(zip(DIMENSIONS, found, strict=False)) == {
        "object.name": "f",
        "column": "c",
        "verb": "call",
        "object.effect": "pure",
        "object.kind": "function",
        "verb_class": "read",
        "position": "order",
    }
    assert len({hash(found[-3]), hash("read")}) == 1, "an enumeration's member finds what its text finds"
