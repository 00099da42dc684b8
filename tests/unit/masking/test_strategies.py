import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.decision import Strategy, StrategyKind
from passgate.masking.keys import derive_keys
from passgate.masking.strategies import apply, normalise, redaction, stricter, token

KEYS = derive_keys(b"k" * 32, "session-1")
OTHER = derive_keys(b"k" * 32, "session-2")


def one(value: bytes, strategy: Strategy) -> bytes | None:
    (masked,) = apply([value], strategy, KEYS)
    return masked


def test_redact_says_the_type_where_there_is_one() -> None:
    assert one(b"bob@example.com", Strategy(kind=StrategyKind.REDACT, label="EMAIL")) == b"[REDACTED:EMAIL]"
    assert one(b"bob@example.com", Strategy(kind=StrategyKind.REDACT)) == b"[REDACTED]"
    assert redaction("") == b"[REDACTED]"


def test_null_is_none_for_every_value() -> None:
    assert list(apply([b"a", b""], Strategy(kind=StrategyKind.NULL), KEYS)) == [None, None]


def test_hash_is_keyed_blake2b_and_scoped() -> None:
    strategy = Strategy(kind=StrategyKind.HASH)
    masked = one(b"4111", strategy)
    assert masked == hashlib.blake2b(b"4111", key=KEYS.hashing, digest_size=16).hexdigest().encode()
    assert masked != apply([b"4111"], strategy, OTHER)[0]
    assert masked == one(b"4111", strategy)


def test_token_is_stable_typed_and_scoped() -> None:
    strategy = Strategy(kind=StrategyKind.TOKEN, label="EMAIL")
    masked = one(b"Bob@Example.com", strategy)
    assert masked is not None
    assert masked.startswith(b"<<EMAIL:")
    assert masked.endswith(b">>")
    assert len(masked) == len(b"<<EMAIL:>>") + 12
    assert masked == one(b" bob@example.com", strategy)
    assert masked != apply([b"bob@example.com"], strategy, OTHER)[0]
    assert token(b"x", "", KEYS.tokens).startswith(b"<<VALUE:")
    assert token(b"1", "SSN", KEYS.tokens)[6:] != token(b"1", "CARD", KEYS.tokens)[7:]


@pytest.mark.parametrize(
    ("value", "label", "same"),
    [
        (b"4111 1111-1111 1111", "CARD", b"4111111111111111"),
        (b"+1 (212) 555-0100", "PHONE", b"12125550100"),
        (b"gb82 west 1234", "IBAN", b"GB82WEST1234"),
        (b"n/a", "SSN", b"n/a"),
        (b" As Is ", "NAME", b" As Is "),
    ],
)
def test_normalise(value: bytes, label: str, same: bytes) -> None:
    assert normalise(value, label) == same


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_different_values_have_different_tokens_and_hashes(one_value: bytes, other: bytes) -> None:
    for kind in (StrategyKind.TOKEN, StrategyKind.HASH):
        a, b = apply([one_value, other], Strategy(kind=kind), KEYS)
        assert (a == b) is (one_value == other)


@given(
    st.sampled_from(StrategyKind),
    st.sampled_from(StrategyKind),
)
def test_stricter_is_symmetric_in_kind(one_kind: StrategyKind, other_kind: StrategyKind) -> None:
    a, b = Strategy(kind=one_kind), Strategy(kind=other_kind)
    assert stricter(a, b).kind is stricter(b, a).kind
    assert stricter(a, a).kind is one_kind


def test_two_partials_of_one_label_keep_the_label() -> None:
    a = Strategy(kind=StrategyKind.PARTIAL, keep_first=3, keep_last=1, label="EMAIL")
    b = Strategy(kind=StrategyKind.PARTIAL, keep_first=1, keep_last=2, label="EMAIL")
    assert stricter(a, b) == Strategy(kind=StrategyKind.PARTIAL, keep_first=1, keep_last=1, label="EMAIL")
