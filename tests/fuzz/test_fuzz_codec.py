"""The fuzzer itself: it passes over sound targets and finds planted faults."""

from pathlib import Path

import pytest

from tests.fuzz import fuzz_codec
from tests.fuzz.codec_targets import REFUSED, TARGETS, FuzzTarget, Outcome, Pieces
from tests.fuzz.fuzz_codec import main
from tests.fuzz.mutation import Mutator


def test_every_seed_and_a_second_of_mutations_find_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "1", "--seed", "7", "--corpus", str(tmp_path)]) == 0
    assert "0 findings" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_seed_is_taken_for_what_it_is() -> None:
    """A seed that is refused at once would lead nowhere."""
    for target in TARGETS:
        assert any(target.run([seed])[-1] != REFUSED for seed in target.seeds), target.name


def another_error(pieces: Pieces) -> Outcome:
    return [b"".join(pieces).decode()]


def depends_on_reads(pieces: Pieces) -> Outcome:
    return [len(list(pieces))]


def endless(pieces: Pieces) -> Outcome:
    while True:
        pass


def too_much_memory(pieces: Pieces) -> Outcome:
    return [bytearray(16 * 1024**3)]


@pytest.mark.parametrize("fault", [another_error, depends_on_reads, endless, too_much_memory])
def test_a_fault_is_found_kept_and_tried_again(
    fault: object, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz_codec, "HANG_SECONDS", 0.2)
    target = FuzzTarget(name="planted", seeds=(b"\xff\xff",), run=fault)  # type: ignore[arg-type]
    arguments = ["--seconds", "0", "--corpus", str(tmp_path)]
    assert main(arguments, targets=[target]) == 1
    assert [kept.read_bytes() for kept in tmp_path.iterdir()] == [b"\xff\xff"]
    sound = FuzzTarget(name="planted", seeds=(), run=lambda pieces: [])
    assert main(arguments, targets=[sound]) == 0
    assert "1 inputs" in capsys.readouterr().out.splitlines()[-1]


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, second = ([made.mutate(b"abcdef", b"xyz") for _ in range(50)] for made in (Mutator(3), Mutator(3)))
    assert first == second
    assert len(set(first)) > 25


def test_pieces_are_the_whole() -> None:
    mutator = Mutator(1)
    for size in (0, 1, 500):
        assert b"".join(mutator.cuts(bytes(size))) == bytes(size)
