"""Keys: made, followed, published, dropped, by several processes at once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.identity.issuer.signing_keys import KEEP, LEAD, SigningKeys
from passgate.store.signing_key_store import SigningKeyStore
from tests.unit.identity.issuer.house import House


def kids(keys: SigningKeys) -> list[object]:
    published = keys.published()["keys"]
    assert isinstance(published, list)
    return [key["kid"] for key in published]


def other_process(house: House) -> SigningKeys:
    return SigningKeys(SigningKeyStore(house.database), rotation=timedelta(days=30), now=house.clock.now)


def test_the_first_key_signs_at_once_in_every_process(house: House) -> None:
    first, second = house.keys, other_process(house)
    kid = first.signer().kid
    assert kid == second.signer().kid
    assert kids(first) == kids(second) == [kid]
    assert first.signer().thumbprint() == kid


def test_what_is_published_holds_no_private_half(house: House) -> None:
    (key,) = house.keys.published()["keys"]  # type: ignore[misc] # a list of one
    assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["alg"], key["use"]) == ("ES256", "sig")


def test_a_new_key_is_published_before_it_signs_and_the_old_one_as_long_as_its_tokens_live(house: House) -> None:
    old = house.keys.signer().kid
    house.clock.advance(30 * 86400)
    assert house.keys.signer().kid == old
    assert len(kids(house.keys)) == 2
    house.clock.advance(LEAD.total_seconds() - 1)
    assert house.keys.signer().kid == old
    house.clock.advance(1)
    new = house.keys.signer().kid
    assert new != old
    house.clock.advance(KEEP.total_seconds() - 1)
    assert house.keys.verifier(str(old)) is not None
    house.clock.advance(1)
    assert house.keys.verifier(str(old)) is None
    assert kids(house.keys) == [new]


def test_of_two_processes_one_makes_the_new_key(house: House) -> None:
    other = other_process(house)
    house.keys.signer()
    other.signer()
    house.clock.advance(30 * 86400)
    house.keys.published()
    other.published()
    assert len(SigningKeyStore(house.database).keys()) == 2
    assert kids(house.keys) == kids(other)


def test_a_key_that_another_process_made_a_moment_ago_is_known(house: House) -> None:
    store = SigningKeyStore(house.database)
    house.keys.signer()
    house.clock.advance(1)
    elsewhere = SigningKeys(store, rotation=timedelta(seconds=1), now=house.clock.now)
    elsewhere.published()
    newest = store.keys()[-1].kid
    assert house.keys.verifier(newest) is not None
    assert house.keys.verifier("another") is None


def test_a_key_that_cannot_be_read_is_an_error_that_does_not_show_it(house: House) -> None:
    house.keys.signer()
    with house.database.writing() as connection:
        connection.execute(text('UPDATE signing_keys SET private = \'{"d": "sekrit"}\''))
    with pytest.raises(StoreError) as caught:
        other_process(house).signer()
    assert "sekrit" not in str(caught.value)
    assert "sekrit" not in repr(SigningKeyStore(house.database).keys())
