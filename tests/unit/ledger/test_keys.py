"""Keys: made once, kept wrapped, gone when destroyed."""

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.files import OsFiles
from passgate.ledger.keys import SLOT_BYTES, KeyFile, RootKeys, SessionKey, SlotWriter
from tests.faults.kit import edit, flip


@pytest.fixture
def root(tmp_path: Path) -> RootKeys:
    return RootKeys.open(tmp_path / "keys")


def stored(directory: Path, root: RootKeys, *keys: SessionKey) -> KeyFile:
    writer = SlotWriter(directory, OsFiles())
    for key in keys:
        writer.append(key.slot(root))
    writer.close()
    return KeyFile(directory)


def test_root_keys_are_made_once_and_for_the_owner_alone(tmp_path: Path, root: RootKeys) -> None:
    again = RootKeys.open(tmp_path / "keys")
    assert again.signing.private_bytes_raw() == root.signing.private_bytes_raw()
    assert again.unwrap(root.wrap(bytes(32))) == bytes(32)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "keys").iterdir()}
    assert modes == {"signing.key": 0o600, "wrapping.key": 0o600}


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    made: list[bytes] = []
    start = threading.Barrier(2)

    def open_keys(name: str) -> None:
        start.wait()
        made.append(RootKeys.open(tmp_path / name).signing.private_bytes_raw())

    for round_ in range(20):
        threads = [threading.Thread(target=open_keys, args=(f"keys{round_}",)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 2
        assert len(set(made)) == 1
        made.clear()


def test_a_folder_without_keys_gives_none_unless_asked_to(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="not here"):
        RootKeys.open(tmp_path / "nowhere", create=False)


def test_a_key_file_of_another_length_is_corrupt(tmp_path: Path, root: RootKeys) -> None:
    (tmp_path / "keys" / "signing.key").write_bytes(b"short")
    with pytest.raises(LedgerCorruptError, match=r"signing\.key does not hold a key"):
        RootKeys.open(tmp_path / "keys")


def test_keys_that_cannot_be_read_make_the_ledger_unavailable(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(b"a file where the folder should be")
    with pytest.raises(LedgerUnavailableError, match="keys cannot be read"):
        RootKeys.open(tmp_path / "keys")


@given(st.binary(max_size=100), st.text(max_size=10))
def test_what_is_sealed_opens_with_its_own_key_only(plain: bytes, session: str) -> None:
    key = SessionKey.new(session)
    sealed = key.sealer(b"text").seal(plain)
    assert key.open(sealed) == plain
    with pytest.raises(LedgerCorruptError, match="does not open"):
        SessionKey.new(session).open(sealed)


def test_a_ciphertext_belongs_to_its_session() -> None:
    key = bytes(range(32))
    with pytest.raises(LedgerCorruptError):
        SessionKey("S2", key).open(SessionKey("S1", key).sealer(b"text").seal(b"x"))


def test_no_nonce_is_used_twice() -> None:
    key = SessionKey.new("S1")
    text, chunks = key.sealer(b"text"), key.sealer(b"reco")
    sealed = [text.seal(b"x") for _ in range(100)] + [chunks.seal(b"x") for _ in range(100)]
    assert len({one[:12] for one in sealed}) == 200


def test_a_stored_key_comes_back_by_its_commitment(tmp_path: Path, root: RootKeys) -> None:
    one, two, other = SessionKey.new("S1"), SessionKey.new("S1"), SessionKey.new("S2")
    file = stored(tmp_path, root, one, other, two)
    loaded = file.load("S1", root)
    assert set(loaded) == {one.id, two.id}
    assert loaded[one.id].open(one.sealer(b"text").seal(b"x")) == b"x"
    assert file.load("S3", root) == {}


def test_a_destroyed_key_is_gone_from_the_disk(tmp_path: Path, root: RootKeys) -> None:
    one, other = SessionKey.new("S1"), SessionKey.new("S2")
    file = stored(tmp_path, root, one, other)
    wrapped = file.slots("S1")[0].wrapped
    assert file.destroy("S1") == 1
    assert wrapped not in file.path.read_bytes()
    assert [(slot.key_id, slot.wrapped) for slot in file.slots("S1")] == [(one.id, b"")]
    assert file.load("S1", root) == {}
    assert set(file.load("S2", root)) == {other.id}
    assert file.destroy("S1") == 0


def test_without_a_file_there_are_no_keys(tmp_path: Path, root: RootKeys) -> None:
    file = KeyFile(tmp_path)
    assert (file.slots("S1"), file.load("S1", root), file.destroy("S1"), file.end()) == ((), {}, 0, 0)


def test_every_key_id_ever_kept(tmp_path: Path, root: RootKeys) -> None:
    keys = [SessionKey.new(f"S{n}") for n in range(3)]
    file = stored(tmp_path, root, *keys)
    file.destroy("S1")
    assert file.ids() == {key.id for key in keys}
    flip(file.path, 50)
    assert file.ids() == {key.id for key in keys[1:]}


def test_a_slot_torn_by_a_crash_is_written_over(tmp_path: Path, root: RootKeys) -> None:
    one, two = SessionKey.new("S1"), SessionKey.new("S2")
    file = stored(tmp_path, root, one)
    assert file.end() == SLOT_BYTES
    edit(file.path, lambda data: data.__setitem__(slice(SLOT_BYTES, SLOT_BYTES + 50), two.slot(root)[:50]))
    assert file.end() == SLOT_BYTES
    stored(tmp_path, root, two)
    assert set(file.load("S1", root)) | set(file.load("S2", root)) == {one.id, two.id}


def test_more_slots_than_were_claimed_ahead(tmp_path: Path, root: RootKeys) -> None:
    keys = [SessionKey.new(f"S{n}") for n in range(600)]
    file = stored(tmp_path, root, *keys)
    assert set(file.load("S599", root)) == {keys[599].id}


def test_a_damaged_slot_is_no_key(tmp_path: Path, root: RootKeys) -> None:
    file = stored(tmp_path, root, SessionKey.new("S1"))
    flip(file.path, 70)
    assert file.slots("S1") == ()


def test_a_slot_that_another_ledger_wrapped(tmp_path: Path, root: RootKeys) -> None:
    file = stored(tmp_path, RootKeys.open(tmp_path / "other"), SessionKey.new("S1"))
    with pytest.raises(LedgerCorruptError, match="cannot be unwrapped"):
        file.load("S1", root)


def test_a_key_that_is_not_the_one_committed_to(tmp_path: Path, root: RootKeys) -> None:
    """The wrapped key of another session, put into this one's slot with a CRC that fits."""
    import zlib

    one, other = SessionKey.new("S1"), SessionKey.new("S2")
    file = stored(tmp_path, root, one, other)

    def swap(data: bytearray) -> None:
        data[65:105] = data[SLOT_BYTES + 65 : SLOT_BYTES + 105]
        data[105:109] = zlib.crc32(data[:105]).to_bytes(4, "little")

    edit(file.path, swap)
    with pytest.raises(LedgerCorruptError, match="not the one that was committed to"):
        file.load("S1", root)


def test_no_key_is_shown(root: RootKeys) -> None:
    key = SessionKey.new("S1")
    assert repr(root) == "RootKeys()"
    assert repr(key) == f"SessionKey(id={key.id[:16]!r})"
