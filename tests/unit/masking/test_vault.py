import pytest

from passgate.core.errors import DetectorError
from passgate.masking.vault import TokenVault


def vault(**bounds: int) -> TokenVault:
    return TokenVault(master=b"m" * 32, scope="p1/openai", **bounds)


def test_what_was_kept_comes_back_under_its_own_type_only() -> None:
    kept = vault()
    kept.keep(b"<<EMAIL:aaaaaaaaaaaa>>", b"bob@example.org", "EMAIL")
    assert kept.open(b"<<EMAIL:aaaaaaaaaaaa>>", "EMAIL") == b"bob@example.org"
    assert kept.open(b"<<EMAIL:bbbbbbbbbbbb>>", "EMAIL") is None
    with pytest.raises(DetectorError):
        kept.open(b"<<EMAIL:aaaaaaaaaaaa>>", "PHONE")


def test_of_values_that_mean_the_same_the_first_stays() -> None:
    kept = vault()
    kept.keep(b"t", b"Bob@example.org", "EMAIL")
    kept.keep(b"t", b"bob@EXAMPLE.org", "EMAIL")
    assert kept.open(b"t", "EMAIL") == b"Bob@example.org"


def test_a_token_that_two_values_share_means_neither() -> None:
    kept = vault(max_bytes=64)
    kept.keep(b"t", b"bob@example.org", "EMAIL")
    kept.keep(b"t", b"eve@example.org", "EMAIL")
    assert kept.open(b"t", "EMAIL") is None
    kept.keep(b"t", b"bob@example.org", "EMAIL")
    assert kept.open(b"t", "EMAIL") is None
    kept.keep(b"u", b"x" * 40, "EMAIL")
    assert kept.open(b"u", "EMAIL") == b"x" * 40


def test_what_does_not_fit_is_not_restorable() -> None:
    full = vault(max_entries=1)
    full.keep(b"t", b"one", "NAME")
    full.keep(b"u", b"two", "NAME")
    assert (full.open(b"t", "NAME"), full.open(b"u", "NAME")) == (b"one", None)
    small = vault(max_bytes=50)
    small.keep(b"t", b"x" * 51, "NAME")
    small.keep(b"u", b"x" * 20, "NAME")
    assert (small.open(b"t", "NAME"), small.open(b"u", "NAME")) == (None, b"x" * 20)


def test_a_closed_vault_has_forgotten() -> None:
    kept = vault()
    kept.keep(b"t", b"bob@example.org", "EMAIL")
    kept.close()
    assert kept.open(b"t", "EMAIL") is None
    kept.keep(b"t", b"bob@example.org", "EMAIL")
    assert kept.open(b"t", "EMAIL") is None


def test_values_are_nowhere_in_the_clear() -> None:
    kept = vault()
    kept.keep(b"t", b"bob@example.org", "EMAIL")
    assert b"bob" not in repr([getattr(kept, name) for name in vars(kept)]).encode()
    assert "bob" not in repr(kept)
    assert repr(kept) == "TokenVault(entries=1, bytes=31)"
