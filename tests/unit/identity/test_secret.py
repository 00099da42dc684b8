"""Secrets and the keys that stand for them."""

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scramp import ScramClient, ScramException, ScramMechanism

from passgate.identity.secret import PassSecret, decoy_verifier, make_verifier
from passgate.pipeline.protocols import ScramVerifier

KEY = b"k" * 32


def log_in(password: str, verifier: ScramVerifier) -> None:
    """A whole SCRAM dialogue with a client that is not ours. Raises ScramException where either side is not convinced."""
    client = ScramClient(["SCRAM-SHA-256"], "pg_x", password)
    server = ScramMechanism("SCRAM-SHA-256").make_server(
        lambda _: (verifier.salt, verifier.stored_key, verifier.server_key, verifier.iterations)
    )
    server.set_client_first(client.get_client_first())
    client.set_server_first(server.get_server_first())
    server.set_client_final(client.get_client_final())
    client.set_server_final(server.get_server_final())


def test_the_secret_of_a_verifier_logs_in_and_no_other_does() -> None:
    secret = PassSecret.random()
    verifier = make_verifier(secret)
    log_in(secret.reveal(), verifier)
    with pytest.raises(ScramException):
        log_in(PassSecret.random().reveal(), verifier)


def test_the_same_secret_twice_shares_no_key() -> None:
    secret = PassSecret.random()
    one, other = make_verifier(secret), make_verifier(secret)
    assert one.salt != other.salt
    assert one.stored_key != other.stored_key
    assert one.server_key != other.server_key
    assert (len(one.salt), one.iterations, len(one.stored_key), len(one.server_key)) == (16, 4096, 32, 32)


def test_secrets_are_long_and_need_no_quoting() -> None:
    secrets = {PassSecret.random().reveal() for _ in range(50)}
    assert len(secrets) == 50
    assert all(re.fullmatch(r"pgs_[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = PassSecret.random()
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]!r}", f"{vars(type(secret))!r}"):
        assert secret.reveal() not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


@given(st.text(max_size=80))
def test_a_decoy_is_stable_and_looks_like_a_verifier(pass_id: str) -> None:
    decoy = decoy_verifier(KEY, pass_id)
    assert decoy == decoy_verifier(KEY, pass_id)
    assert decoy != decoy_verifier(b"l" * 32, pass_id)
    assert (len(decoy.salt), decoy.iterations, len(decoy.stored_key), len(decoy.server_key)) == (16, 4096, 32, 32)
    assert len({decoy.salt, decoy.stored_key, decoy.server_key}) == 3


def test_a_decoy_for_a_name_that_is_not_unicode() -> None:
    assert decoy_verifier(KEY, "\ud800") != decoy_verifier(KEY, "\ud801")


def test_no_secret_fits_a_decoy() -> None:
    with pytest.raises(ScramException):
        log_in(PassSecret.random().reveal(), decoy_verifier(KEY, "pg_x"))
