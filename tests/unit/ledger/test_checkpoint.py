"""Checkpoints and seals are one signature in two clothes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import Seal, open_checkpoint, seal
from passgate.ledger.notes import note
from tests.faults.kit import SMALL, signer

ROOT = bytes(range(32))


def test_the_text_is_origin_size_root() -> None:
    text = f"{SMALL.origin}\n7\n{base64.b64encode(ROOT).decode()}\n"
    assert seal(7, ROOT, signer()).note(signer().verifier).decode().startswith(text + "\n\u2014 ")


@given(st.integers(0, 2**63), st.binary(min_size=32, max_size=32))
def test_a_seal_read_back_is_the_same_and_so_is_its_checkpoint(size: int, root: bytes) -> None:
    made, verifier = seal(size, root, signer()), signer().verifier
    assert Seal.parse(made.payload()) == made
    assert made.signed_by(verifier)
    assert open_checkpoint(made.note(verifier), verifier) == made


def test_a_seal_of_another_size_or_root_is_not_signed() -> None:
    made, verifier = seal(7, ROOT, signer()), signer().verifier
    assert not Seal(8, ROOT, made.signature).signed_by(verifier)
    assert not Seal(7, bytes(32), made.signature).signed_by(verifier)
    assert not made.signed_by(signer(origin="audit.local/other-w0").verifier)


def test_a_seal_of_the_wrong_length_is_none() -> None:
    with pytest.raises(LedgerCorruptError, match="wrong length"):
        Seal.parse(bytes(103))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("audit.local/other\n7\nAAAA\n", "not a checkpoint of"),
        (f"{SMALL.origin}\n7\n", "not a checkpoint of"),
        (f"{SMALL.origin}\n07\nAAAA\n", "size is not a number"),
        (f"{SMALL.origin}\n-7\nAAAA\n", "size is not a number"),
        (f"{SMALL.origin}\n\u0667\nAAAA\n", "size is not a number"),
        (f"{SMALL.origin}\n7\n????\n", "root is not base64"),
        (f"{SMALL.origin}\n7\nAAAA\n", "root is not a SHA-256 hash"),
    ],
)
def test_a_signed_note_that_is_no_checkpoint(text: str, why: str) -> None:
    me = signer()
    data = note(text.encode(), me.verifier, me.sign(text.encode()))
    with pytest.raises(LedgerCorruptError, match=why):
        open_checkpoint(data, me.verifier)
