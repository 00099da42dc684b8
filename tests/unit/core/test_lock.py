"""Whom a lock reaches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.lock import Lock, LockKind
from passgate.core.principal import Principal, PrincipalKind
from tests.unit.pipeline.steps import make_session

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PASS = make_session().pass_


def lock(kind: LockKind, target: str) -> Lock:
    return Lock(id="l1", kind=kind, target=target, reason="r", actor="unix:root", at=NOW)


@pytest.mark.parametrize(
    ("kind", "target", "reaches"),
    [
        (LockKind.AGENT, "reporter", True),
        (LockKind.AGENT, "ada@example.com", False),
        (LockKind.HUMAN, "ada@example.com", True),  # and so everything that acts for her
        (LockKind.HUMAN, "Ada@Example.com", True),  # however a provider writes her address today
        (LockKind.HUMAN, "reporter", False),
        (LockKind.SERVICE, "reporter", False),
        (LockKind.PASS, "pg_1", True),
        (LockKind.PASS, "pg_2", False),
        (LockKind.RESOURCE, "shop", True),
        (LockKind.RESOURCE, "warehouse", False),
    ],
)
def test_it_reaches_the_whole_chain_and_nobody_else(kind: LockKind, target: str, reaches: bool) -> None:
    assert lock(kind, target).reaches(PASS, "shop") is reaches


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (LockKind.PASS, "pg_0"),  # what it was delegated from, at any depth
        (LockKind.PASS, "pg_1"),
        (LockKind.AGENT, "reporter"),
        (LockKind.AGENT, "summariser"),
        (LockKind.HUMAN, "ada@example.com"),
    ],
)
def test_it_reaches_what_was_delegated_from_what_is_locked(kind: LockKind, target: str) -> None:
    below = replace(
        PASS,
        id="pg_2",
        principal=Principal(kind=PrincipalKind.AGENT, subject="summariser", on_behalf_of=PASS.principal),
        ancestors=("pg_1", "pg_0"),
    )
    assert lock(kind, target).reaches(below, "shop")
    assert not lock(LockKind.PASS, "pg_2").reaches(PASS, "shop"), "who delegated goes on"


def test_it_holds_until_its_time_or_for_ever() -> None:
    timed = replace(lock(LockKind.PASS, "pg_1"), until=NOW + timedelta(hours=1))
    assert timed.holds(NOW + timedelta(minutes=59))
    assert not timed.holds(NOW + timedelta(hours=1))
    assert lock(LockKind.PASS, "pg_1").holds(NOW + timedelta(days=9999))
