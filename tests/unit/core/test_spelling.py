from passgate.core.spelling import did_you_mean


def test_a_near_word_is_offered_and_a_far_one_is_not() -> None:
    assert did_you_mean("lisetners", ["listeners", "limits"]) == " (did you mean 'listeners'?)"
    assert did_you_mean("LISTENERS", ["listeners"]) == " (did you mean 'listeners'?)"
    assert did_you_mean("zzz", ["listeners", "limits"]) == ""
