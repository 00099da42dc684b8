"""The fuzzer of the codec of models' APIs passes over it, and its targets would notice."""

from pathlib import Path

import orjson
import pytest

from passgate.codecs.llm.call import Call
from tests.fuzz import llm_targets
from tests.fuzz.codec_targets import REFUSED
from tests.fuzz.fuzz_llm import main
from tests.fuzz.llm_targets import TARGETS


def test_every_seed_and_a_second_of_mutations_find_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "1", "--seed", "7", "--corpus", str(tmp_path)]) == 0
    assert "0 findings" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_every_seed_is_taken_for_what_it_is() -> None:
    """A seed that is refused at once would lead nowhere."""
    for target in TARGETS:
        for seed in target.seeds:
            assert target.run([seed]) != [REFUSED], (target.name, seed)


def test_a_byte_that_changes_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def reserialised(call: Call, edits: object) -> bytes:
        return call.body if not edits else orjson.dumps(orjson.loads(call.body))

    monkeypatch.setattr(llm_targets, "rewrite", reserialised)
    assert main(["--seconds", "0", "--corpus", str(tmp_path)]) == 1
    assert "AssertionError" in capsys.readouterr().out
