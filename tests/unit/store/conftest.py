"""A fresh database per test, and the passes to put into it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.pipeline.protocols import ScramVerifier
from passgate.store.sqlite import SqliteDatabase

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
VERIFIER = ScramVerifier(salt=b"\0salt", iterations=4096, stored_key=b"\xffstored", server_key=b"\xfeserver")


def make_pass(pass_id: str = "pg_1", *, issued: datetime = NOW, minutes: int = 30) -> Pass:
    return Pass(
        id=pass_id,
        principal=Principal(
            kind=PrincipalKind.AGENT,
            subject="reporter",
            groups=frozenset({"b", "a"}),
            on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com"),
            claims={"iss": "https://idp.example.com"},
        ),
        resources=frozenset({"shop", "warehouse"}),
        verbs=frozenset({VerbClass.READ, VerbClass.WRITE}),
        purpose="Q3 – Bericht",
        ticket="OPS-7",
        issued=issued,
        expires=issued + timedelta(minutes=minutes),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(path)
    yield database
    database.close()
