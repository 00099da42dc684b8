import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from passgate.core.errors import ConfigError
from passgate.masking.keys import derive_keys


def test_keys_differ_by_purpose_scope_and_master() -> None:
    keys = derive_keys(b"a" * 32, "s1")
    others = [derive_keys(b"a" * 32, "s2"), derive_keys(b"b" * 32, "s1")]
    seen = {keys.hashing, keys.tokens, *(k.hashing for k in others), *(k.tokens for k in others)}
    assert len(seen) == 6
    assert keys == derive_keys(b"a" * 32, "s1")


def test_derivation_is_hkdf_with_purpose_and_scope() -> None:
    expected = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"passgate masking v1 token s1")
    assert derive_keys(b"a" * 32, "s1").tokens == expected.derive(b"a" * 32)


def test_repr_hides_keys() -> None:
    keys = derive_keys(b"a" * 32, "s1")
    assert repr(keys) == "MaskingKeys()"


def test_short_master_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="32 bytes"):
        derive_keys(b"short", "s1")
