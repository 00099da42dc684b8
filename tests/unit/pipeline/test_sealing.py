"""Without a master key."""

import pytest

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.data_key import DataKey
from passgate.pipeline.sealing import UNSEALED


def test_things_stay_as_they_are() -> None:
    assert UNSEALED.seal(b"secret", "n") == b"secret"
    assert UNSEALED.open(b"secret", "n") == b"secret"


def test_what_was_encrypted_is_not_taken_for_a_secret() -> None:
    with pytest.raises(MasterKeyError, match="n is encrypted: `master_key` must say"):
        UNSEALED.open(DataKey.new().seal(b"secret", "n"), "n")
