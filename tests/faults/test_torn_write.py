"""F2: the last batch torn at every byte, followed by nothing, zeros or garbage."""

from dataclasses import replace
from pathlib import Path

import pytest

from passgate.ledger.log import CHECKPOINT, TORN
from passgate.ledger.segment import segment_paths
from tests.faults.kit import SMALL, fill, open_log

# No reserve, so that a log takes no time to make; the checkpoint is of an earlier size, as it is within the second it may lag.
PLAIN = replace(SMALL, reserve_bytes=0)


def a_torn_log(folder: Path) -> tuple[bytes, int, int]:
    """The segment's bytes, where its last batch begins, and how many entries come before it."""
    log = open_log(folder, PLAIN)
    fill(log, 3)
    log.publish()
    fill(log, 2)
    begin = segment_paths(folder)[0].stat().st_size
    size = log.size
    fill(log, 1)
    log.close()
    return segment_paths(folder)[0].read_bytes(), begin, size


@pytest.mark.parametrize("tail", [b"", bytes(300), bytes(range(255, 0, -1))], ids=["none", "zeros", "garbage"])
def test_f2_every_earlier_batch_and_no_part_of_the_torn_one(tmp_path: Path, tail: bytes) -> None:
    made = tmp_path / "made"
    data, begin, size = a_torn_log(made)
    checkpoint = (made / CHECKPOINT).read_bytes()
    name = segment_paths(made)[0].name
    wrong = []
    for cut in range(begin, len(data)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / name).write_bytes(data[:cut] + tail)
        (folder / CHECKPOINT).write_bytes(checkpoint)
        log = open_log(folder, PLAIN)
        whole = log.size == size and segment_paths(folder)[0].read_bytes() == data[:begin]
        kept = [path.read_bytes() for path in (folder / TORN).glob("*")] if (folder / TORN).exists() else []
        torn = (data[begin:cut] + tail).rstrip(b"\0")
        if not whole or kept != ([torn] if torn else []):
            wrong.append(cut)
        fill(log, 1)
        if log.size != size + 3:
            wrong.append(cut)
        log.close()
    assert wrong == []
    assert len(data) - begin > 200


def test_a_log_goes_on_after_a_torn_tail_as_if_nothing_had_been_there(tmp_path: Path) -> None:
    data, begin, size = a_torn_log(tmp_path)
    path = segment_paths(tmp_path)[0]
    path.write_bytes(data[: begin + 30])
    for _ in range(3):
        log = open_log(tmp_path, PLAIN)
        fill(log, 2)
        log.close()
    log = open_log(tmp_path, PLAIN)
    assert log.size == size + 18
    log.close()
