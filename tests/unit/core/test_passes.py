from dataclasses import replace
from datetime import timedelta

from passgate.core.passes import PassState
from tests.unit.pipeline.steps import NOW, make_session


def test_a_pass_is_live_until_the_very_moment_it_expires() -> None:
    pass_ = make_session().pass_
    assert pass_.state(NOW) is PassState.LIVE
    assert pass_.state(pass_.expires - timedelta(microseconds=1)) is PassState.LIVE
    assert pass_.state(pass_.expires) is PassState.EXPIRED


def test_revoked_wins_over_expired() -> None:
    pass_ = replace(make_session().pass_, revoked=NOW)
    assert pass_.state(NOW) is PassState.REVOKED
    assert pass_.state(pass_.expires) is PassState.REVOKED


def test_a_pass_covers_only_what_it_names() -> None:
    pass_ = make_session().pass_
    assert pass_.covers("shop")
    assert not pass_.covers("shop2")
