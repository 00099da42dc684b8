"""Signed notes, against the example of the C2SP specification."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.notes import NoteSigner, NoteVerifier, note, open_note, split_notes

# The key pair and note of the Go reference implementation (golang.org/x/mod/sumdb/note).
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    GO_TEXT
    + (
        "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ).encode()
)


@pytest.fixture
def signer() -> NoteSigner:
    return NoteSigner("audit.test/a-w0", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_the_reference_implementation_verifies_here() -> None:
    verifier = NoteVerifier.parse(GO_VKEY)
    assert open_note(GO_NOTE, verifier)[0] == GO_TEXT
    assert verifier.vkey() == GO_VKEY


def test_the_same_key_signs_the_same_note() -> None:
    signer = NoteSigner("PeterNeumann", Ed25519PrivateKey.from_private_bytes(GO_SEED))
    assert signer.verifier.vkey() == GO_VKEY
    assert note(GO_TEXT, signer.verifier, signer.sign(GO_TEXT)) == GO_NOTE


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40))
def test_what_is_signed_opens(line: str) -> None:
    signer = NoteSigner("origin", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    text = f"{line}x\n".encode()
    assert open_note(note(text, signer.verifier, signer.sign(text)), signer.verifier)[0] == text


def test_signatures_of_others_are_passed_over(signer: NoteSigner) -> None:
    text = b"hello\n"
    other = NoteSigner("someone", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\1"))
    both = (
        note(text, other.verifier, other.sign(text)) + note(text, signer.verifier, signer.sign(text))[len(text) + 1 :]
    )
    assert open_note(both, signer.verifier)[0] == text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a signed note"),
        (b"text only\n", "not a signed note"),
        (b"text\n\n\xe2\x80\x94 name AAAA", "not a signed note"),
        (b"text\n\nno dash\n", "a signature line is malformed"),
        ("text\n\n\u2014 name !!!!\n".encode(), "a signature is not base64"),
        ("text\n\n\u2014 name AAAAAAAA\n".encode(), "no signature of audit.test/a-w0"),
    ],
)
def test_what_is_no_note(data: bytes, why: str, signer: NoteSigner) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        open_note(data, signer.verifier)


@pytest.mark.parametrize("byte", [0, 3, -10])
def test_a_changed_note_is_refused(byte: int, signer: NoteSigner) -> None:
    data = bytearray(note(b"hello\n", signer.verifier, signer.sign(b"hello\n")))
    data[byte] ^= 1
    with pytest.raises(LedgerCorruptError):
        open_note(bytes(data), signer.verifier)


def test_a_signature_cut_short_is_refused(signer: NoteSigner) -> None:
    with pytest.raises(LedgerCorruptError, match="is wrong"):
        open_note(note(b"hello\n", signer.verifier, signer.sign(b"hello\n")[:-1]), signer.verifier)


@pytest.mark.parametrize(
    ("vkey", "why"),
    [
        ("name", "not an Ed25519 verifier key"),
        ("name+00000000+!", "not a verifier key"),
        (GO_VKEY.replace("c74f20a3", "c74f20a4"), "hash does not match"),
        (GO_VKEY.replace("PeterNeumann", "PeterNewman"), "hash does not match"),
    ],
)
def test_what_is_no_verifier_key(vkey: str, why: str) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        NoteVerifier.parse(vkey)


def test_several_notes_in_one_file(signer: NoteSigner) -> None:
    one, two = (note(text, signer.verifier, signer.sign(text)) for text in (b"one\n", b"two\n\nparts\n"))
    assert split_notes(one + b"\n" + two) == [one, two]
    assert split_notes(one + two) == [one, two]
    assert split_notes(b"") == []
    assert split_notes("\u2014 stray\n".encode()) == ["\u2014 stray\n".encode()]


def test_the_private_key_is_not_shown(signer: NoteSigner) -> None:
    assert repr(signer) == "NoteSigner('audit.test/a-w0')"
