"""What is stored is read with the right key, in the right place, or not at all."""

import pytest

from passgate.approvals.sealing import Sealer
from passgate.core.errors import StoreError


def test_it_comes_back_and_never_looks_the_same_twice() -> None:
    sealer = Sealer(bytes(32))
    one, other = (sealer.seal(b"update x", "approval/r1") for _ in range(2))
    assert one != other
    assert b"update" not in one
    assert sealer.open(one, "approval/r1") == b"update x"


@pytest.mark.parametrize(
    ("key", "context", "change"),
    [(bytes(31) + b"\1", "approval/r1", 0), (bytes(32), "approval/r2", 0), (bytes(32), "approval/r1", 1)],
    ids=["another key", "another place", "changed"],
)
def test_anything_else_is_an_error(key: bytes, context: str, change: int) -> None:
    sealed = bytearray(Sealer(bytes(32)).seal(b"update x", "approval/r1"))
    sealed[-1] ^= change
    with pytest.raises(StoreError, match=context):
        Sealer(key).open(bytes(sealed), context)


def test_what_is_too_short_is_an_error() -> None:
    with pytest.raises(StoreError, match="approval/r1"):
        Sealer(bytes(32)).open(b"short", "approval/r1")
