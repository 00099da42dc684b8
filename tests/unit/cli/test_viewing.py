"""Looking at the record leaves a record."""

import os
from pathlib import Path

import pytest

from passgate.cli.viewing import record
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.settings import LedgerSettings
from tests.faults.kit import SMALL


def views(folder: Path) -> list[tuple[str, str]]:
    return [
        (e.log.name, e.event["detail"]["n"]) for e in LedgerReader(folder).entries() if e.type == EventType.AUDIT_VIEWED
    ]


def test_each_command_takes_a_log_that_is_free(tmp_path: Path) -> None:
    Ledger.open(tmp_path, SMALL).close()
    record(tmp_path, EventType.AUDIT_VIEWED, {"n": "first"})
    busy = Ledger.open(tmp_path, LedgerSettings(node="cli", worker=0, reserve_bytes=0))
    record(tmp_path, EventType.AUDIT_VIEWED, {"n": "second"})
    busy.close()
    record(tmp_path, EventType.AUDIT_VIEWED, {"n": "third"})
    assert views(tmp_path) == [("cli-w0", "first"), ("cli-w0", "third"), ("cli-w1", "second")]


def test_where_no_log_is_free_nothing_is_shown(tmp_path: Path) -> None:
    busy = [Ledger.open(tmp_path, LedgerSettings(node="cli", worker=n, reserve_bytes=0)) for n in range(8)]
    with pytest.raises(LedgerUnavailableError, match="another process"):
        record(tmp_path, EventType.AUDIT_VIEWED, {})
    for ledger in busy:
        ledger.close()


def test_a_copy_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Ledger.open(tmp_path, SMALL).close()
    monkeypatch.setattr(os, "access", lambda *_: False)
    record(tmp_path, EventType.AUDIT_VIEWED, {})
    assert "so that it was looked at is not recorded" in capsys.readouterr().err
    record(tmp_path, EventType.LOCK_SET, {})
    assert "so lock.set is not recorded" in capsys.readouterr().err
    assert views(tmp_path) == []
