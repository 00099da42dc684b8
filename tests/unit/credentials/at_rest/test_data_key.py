"""Sealing single secrets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.data_key import DataKey, sealed_by

KEY = DataKey(b"k" * 32)


@given(st.binary(max_size=200), st.text(max_size=20))
def test_what_is_sealed_opens_as_what_it_is(plain: bytes, name: str) -> None:
    kept = KEY.seal(plain, name)
    assert KEY.open(kept, name) == plain
    assert sealed_by(kept) == KEY.id
    assert len(kept) == 4 + 16 + 12 + len(plain) + 16


def test_it_opens_under_no_other_name_and_no_other_key() -> None:
    kept = KEY.seal(b"secret", "tls/server.key")
    with pytest.raises(MasterKeyError, match=r"tls/ca\.key does not open"):
        KEY.open(kept, "tls/ca.key")
    with pytest.raises(MasterKeyError):
        DataKey.new().open(kept, "tls/server.key")


@pytest.mark.parametrize("place", range(4 + 16 + 12 + 6 + 16))
def test_every_changed_byte_shows(place: int) -> None:
    kept = bytearray(KEY.seal(b"secret", "n"))
    kept[place] ^= 1
    with pytest.raises(MasterKeyError, match="was changed"):
        KEY.open(bytes(kept), "n")


@pytest.mark.parametrize("size", [4, 20, 31])
def test_what_is_cut_off_is_told(size: int) -> None:
    kept = KEY.seal(b"secret", "n")[:size]
    with pytest.raises(MasterKeyError, match="cut off"):
        sealed_by(kept)
    with pytest.raises(MasterKeyError):
        KEY.open(KEY.seal(b"secret", "n")[:40], "n")


def test_what_nobody_sealed_has_no_key() -> None:
    assert sealed_by(b"secret") is None
    assert sealed_by(b"") is None


def test_the_same_secret_is_never_sealed_alike() -> None:
    assert KEY.seal(b"secret", "n") != KEY.seal(b"secret", "n")


def test_nothing_shows_the_key() -> None:
    assert repr(KEY) == f"DataKey(id={KEY.id!r})"
    assert KEY.reveal() == b"k" * 32
