from passgate.policy.definition import DEFAULT_APPROVERS, Definition, Then
from passgate.policy.problems import Place


def test_what_a_rule_does_not_say() -> None:
    place = Place("f", 1, 1)
    rule = Definition(id="r", when="true", then=Then(), place=place, source="f", place_in=lambda _: place)
    assert rule.approvers is DEFAULT_APPROVERS
    assert rule.incomplete == "deny"
    assert (rule.then.outcome, rule.then.mask, rule.then.obligations) == (None, None, ())
    assert "place_in" not in repr(rule)
