"""The fuzzer itself: it passes over a sound language and finds planted faults."""

from pathlib import Path

import pytest

from passgate.languages.sql.language import SqlUnderstander
from passgate.pipeline.protocols import Understood
from tests.fuzz.fuzz_sql import main
from tests.fuzz.sql_grammar import SENTINEL, Grower
from tests.unit.languages.sql.shop import understander


def test_a_second_finds_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "1", "--seed", "7", "--corpus", str(tmp_path)]) == 0
    assert "0 findings" in capsys.readouterr().out


def test_grown_statements_hold_the_sentinel_and_are_mostly_sql() -> None:
    grower = Grower(3)
    texts = [grower.statement() for _ in range(200)]
    assert all(SENTINEL in text for text in texts)
    assert sum("is not PostgreSQL" not in str(understander().understand(text).actions[0].gaps) for text in texts) > 100
    assert texts == [Grower(3).statement() for _ in range(1)] + texts[1:]


def test_an_error_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: SqlUnderstander, text: str) -> Understood:
        raise OSError(text)

    monkeypatch.setattr(SqlUnderstander, "understand", fail)
    assert main(["--seconds", "0.05", "--seed", "1", "--corpus", str(tmp_path)]) == 1
    assert "FINDING OSError" in capsys.readouterr().out
    assert list(tmp_path.glob("*.sql"))


def test_a_call_that_is_not_seen_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = understander().understand("SELECT 1")
    monkeypatch.setattr(SqlUnderstander, "understand", lambda self, text: blind)
    assert main(["--seconds", "0.05", "--seed", "1", "--corpus", str(tmp_path)]) == 1
