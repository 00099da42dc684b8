"""The tree against a plain reading of RFC 6962, and against the roots that Certificate Transparency publishes."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.ledger.merkle import (
    EMPTY_ROOT,
    CompactRange,
    inclusion_proof,
    leaf_hash,
    node_hash,
    range_at,
    root_from_inclusion,
)

# The eight leaves and the roots of 1 to 8 of them that the CT reference implementation tests with.
CT_LEAVES = [
    bytes.fromhex(h)
    for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1, word for word."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


LEAVES = [b"leaf %d" % n for n in range(64)]


def node(level: int, index: int) -> bytes:
    return mth(LEAVES[index << level : (index + 1) << level])


def tree(leaves: list[bytes]) -> CompactRange:
    grown = CompactRange()
    for leaf in leaves:
        grown.append(leaf_hash(leaf))
    return grown


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_certificate_transparency(size: int) -> None:
    assert tree(CT_LEAVES[:size]).root().hex() == CT_ROOTS[size - 1]


def test_the_empty_tree() -> None:
    assert (
        CompactRange().root()
        == EMPTY_ROOT
        == bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


@given(st.lists(st.binary(max_size=20), max_size=80))
def test_a_grown_root_is_the_root_of_the_rfc(leaves: list[bytes]) -> None:
    assert tree(leaves).root() == mth(leaves)


@given(st.integers(0, 64))
def test_the_head_at_any_size_can_be_read_from_nodes(size: int) -> None:
    assert range_at(size, node).hashes == tree(LEAVES[:size]).hashes


def test_completed_subtrees_are_reported_with_their_level() -> None:
    grown, completed = CompactRange(), list[tuple[int, bytes]]()
    for leaf in LEAVES[:8]:
        grown.append(leaf_hash(leaf), completed)
    assert [level for level, _ in completed] == [0, 0, 1, 0, 0, 1, 2, 0, 0, 1, 0, 0, 1, 2, 3]
    assert all(hashed in {node(level, n) for n in range(8)} for level, hashed in completed)


def test_a_copy_grows_on_its_own() -> None:
    grown = tree(LEAVES[:5])
    copy = grown.copy()
    copy.append(leaf_hash(LEAVES[5]))
    assert (grown.root(), copy.root()) == (mth(LEAVES[:5]), mth(LEAVES[:6]))


def test_a_head_with_too_few_hashes_is_none() -> None:
    with pytest.raises(ValueError, match="a tree of 3 has 2 subtrees, not 1"):
        CompactRange(3, [bytes(32)])


def test_every_inclusion_proof_up_to_64_leaves() -> None:
    for size in range(1, 65):
        root = mth(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, node)
            assert list(proof) == path(index, LEAVES[:size])
            assert root_from_inclusion(index, size, leaf_hash(LEAVES[index]), proof) == root


@given(st.data())
def test_a_changed_inclusion_proof_leads_elsewhere(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 64))
    index = data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(index, size, node))
    place = data.draw(st.integers(0, len(proof) - 1))
    proof[place] = node_hash(proof[place], b"")
    assert root_from_inclusion(index, size, leaf_hash(LEAVES[index]), proof) != mth(LEAVES[:size])


@given(st.data())
def test_a_proof_of_another_leaf_leads_elsewhere(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 64))
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    proof = inclusion_proof(index, size, node)
    assert root_from_inclusion(index, size, leaf_hash(LEAVES[other]), proof) != mth(LEAVES[:size])
