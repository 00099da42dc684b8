from passgate.policy.cel.errors import ConditionError


def test_a_condition_error_knows_its_place_and_remedy() -> None:
    error = ConditionError("no", offset=3, remedy="write yes")
    assert (str(error), error.message, error.offset, error.remedy) == ("no", "no", 3, "write yes")
    assert ConditionError("no", offset=0).remedy == ""
