"""Codes that are good once."""

from datetime import timedelta

from passgate.identity.issuer.one_time import OneTimeCodes, digest, same
from passgate.store.one_time_store import OneTimeStore
from tests.unit.identity.issuer.house import House


def test_a_code_is_fresh_once_in_time_and_of_its_kind(house: House) -> None:
    store = OneTimeStore(house.database)
    codes = OneTimeCodes(store, kind="code", lifetime=timedelta(minutes=1), now=house.clock.now)
    others = OneTimeCodes(store, kind="state", lifetime=timedelta(minutes=1), now=house.clock.now)
    code = codes.make({"a": "1"})
    assert others.fresh(code) is None
    assert codes.fresh(code) == {"a": "1"}
    assert codes.fresh(code) is None
    taken = codes.take(code)
    assert taken is not None
    assert taken.used
    late = codes.make({"a": "1"})
    house.clock.advance(60)
    assert codes.fresh(late) is None
    assert codes.take("made-up") is None


def test_what_is_compared() -> None:
    assert same("a", "a")
    assert not same("a", "b")
    assert not same("\ud800", "b")
    assert digest("\ud800") != digest("b")
