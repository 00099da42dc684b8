from passgate.core.errors import PolicyError
from passgate.policy.problems import BundleError, Place, Problem


def test_problems_are_shown_with_place_and_remedy() -> None:
    problem = Problem(Place("a.yaml", 3, 7), "verbb is not a declared attribute", "did you mean verb?")
    assert str(problem) == "a.yaml:3:7: verbb is not a declared attribute (did you mean verb?)"
    assert str(Problem(Place("a.yaml"), "the file is empty")) == "a.yaml:1:1: the file is empty"


def test_a_bundle_error_has_every_problem_once_in_order() -> None:
    late, early = Problem(Place("a", 9), "late"), Problem(Place("a", 2), "early")
    error = BundleError([late, early, late])
    assert error.problems == (early, late)
    assert str(error) == "a:2:1: early\na:9:1: late"
    assert isinstance(error, PolicyError)
