"""A proof convinces whoever has the key, and nobody of anything else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.proof import Proof, prove
from passgate.ledger.reader import LogReader
from tests.faults.kit import SMALL, fill, flip, open_log, signer
from tests.unit.ledger.conftest import Recorded


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 entries in several segments."""
    folder = tmp_path_factory.mktemp("log")
    writing = open_log(folder, replace(SMALL, segment_bytes=8000, reserve_bytes=0))
    fill(writing, 100)
    writing.close()
    return folder


@pytest.mark.parametrize("tiles", ["kept", "gone", "changed"])
@pytest.mark.parametrize("index", [0, 7, 255, 256, 299])
def test_any_entry_can_be_proven(log: Path, tmp_path: Path, index: int, tiles: str) -> None:
    folder = tmp_path / "log"
    shutil.copytree(log, folder)
    if tiles == "gone":
        shutil.rmtree(folder / "tiles")
    elif tiles == "changed":
        flip(folder / "tiles" / "0", 32 * 299)
    reader = LogReader(folder)
    entry = next(reader.entries(index))
    text = prove(entry).text()
    seal = Proof.parse(text).check(entry.leaf, reader.verifier)
    assert (Proof.parse(text).index, seal.size) == (index, 300)
    assert text.startswith(f"c2sp.org/tlog-proof@v1\nindex {index}\n")
    with pytest.raises(LedgerCorruptError, match="does not lead to"):
        Proof.parse(text).check(entry.leaf + b" ", reader.verifier)


def test_a_hidden_change_of_the_tiles_is_caught_before_it_is_handed_out(log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(log, folder)
    flip(folder / "tiles" / "0", 5)  # under a tile of its own level 1, so the head does not show it
    with pytest.raises(LedgerCorruptError, match="does not lead to"):
        prove(next(LogReader(folder).entries(1)))


def test_a_proof_of_another_key_or_place_is_refused(recorded: Recorded) -> None:
    entry = recorded.reader.find(recorded.ids["refused"])
    assert entry is not None
    proof, verifier = prove(entry), entry.log.verifier
    with pytest.raises(LedgerCorruptError, match="no signature of"):
        proof.check(entry.leaf, signer().verifier)
    with pytest.raises(LedgerCorruptError):
        replace(proof, index=proof.index + 1).check(entry.leaf, verifier)
    with pytest.raises(LedgerCorruptError, match="malformed"):
        replace(proof, index=10**6).check(entry.leaf, verifier)
    with pytest.raises(LedgerCorruptError, match="malformed"):
        replace(proof, hashes=proof.hashes[:-1]).check(entry.leaf, verifier)


def test_what_is_not_sealed_is_not_proven(log: Path) -> None:
    entry = next(LogReader(log).entries())
    with pytest.raises(LedgerCorruptError, match="entry 300 is not sealed"):
        prove(replace(entry, index=300))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a tlog-proof"),
        ("c2sp.org/tlog-proof@v2\nindex 1\n\nx", "not a tlog-proof"),
        ("c2sp.org/tlog-proof@v1\nindex 1\n", "not a tlog-proof"),
        ("c2sp.org/tlog-proof@v1\n\nx", "not a tlog-proof"),
        ("c2sp.org/tlog-proof@v1\nplace 1\n\nx", "names no index"),
        ("c2sp.org/tlog-proof@v1\nindex -1\n\nx", "names no index"),
        ("c2sp.org/tlog-proof@v1\nindex 1\n?\n\nx", "not base64"),
        ("c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nx", "wrong length"),
    ],
)
def test_what_is_no_proof(text: str, why: str) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        Proof.parse(text)
