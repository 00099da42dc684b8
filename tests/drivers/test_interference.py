"""Random queries at two real servers that differ in nothing but masked values: no client sees which is which."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.testing import PostgresCluster
from tests.fuzz.fuzz_interference import Campaign, two_sides
from tests.fuzz.interference_grammar import Statement

PLANTED = "SELECT id FROM people WHERE salary > 1 ORDER BY id"

ASKED = (
    Statement("SELECT DISTINCT salary, id FROM people", "plain"),
    Statement("SELECT count(*) FROM (SELECT DISTINCT ssn FROM people) q", "plain"),
    Statement("SELECT id, unnest(ARRAY[tags]) FROM people", "plain"),
    Statement("SELECT unnest(ARRAY(SELECT tags FROM people WHERE id = 1))", "plain"),
    Statement("SELECT unnest(array_agg(DISTINCT salary)) FROM people", "plain"),
    Statement("SELECT email::varchar(4) FROM people", "plain"),
    Statement("SELECT email::varchar(4) FROM people", "copy"),
    Statement("SELECT id, to_tsquery('english', substring(memo from '^the')) FROM visits ORDER BY id", "plain"),
    Statement("INSERT INTO people (id, name, email) SELECT 50, 'x', '{guess}' ON CONFLICT DO NOTHING", "write"),
    Statement("SELECT coalesce(nullif(salary, 2)::text, (SELECT max(what) FROM logs_1)) FROM people", "counted"),
    Statement(
        "SELECT coalesce(nullif(salary, 2)::text, pg_current_xact_id()::text) FROM people WHERE id = 3", "counted"
    ),
    Statement("SELECT salary IN (SELECT cost FROM visits) FROM people", "counted"),
)
"""What once told the two apart."""


@pytest.fixture(scope="module")
def dsns(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    with two_sides(tmp_path_factory.mktemp("sides"), cluster) as found:
        yield found


@pytest.fixture
def campaign(dsns: list[str], tmp_path: Path) -> Iterator[Campaign]:
    found = Campaign(dsns=dsns, seed=7, corpus=tmp_path)
    yield found
    found.close()


def test_seconds_of_random_queries_tell_the_two_sides_apart_in_nothing(
    campaign: Campaign, capsys: pytest.CaptureFixture[str]
) -> None:
    campaign.run(6)
    assert campaign.findings == 0, capsys.readouterr().out
    assert campaign.counts["passed with masked columns"] > campaign.counts["tried"] // 4


@pytest.mark.parametrize("statement", ASKED, ids=lambda statement: statement.text)
def test_what_once_told_them_apart_no_longer_does(
    campaign: Campaign, cluster: PostgresCluster, statement: Statement, capsys: pytest.CaptureFixture[str]
) -> None:
    guess = cluster.psql("SELECT email FROM people WHERE id = 1", database="side0").strip()
    campaign.trial(statement._replace(text=statement.text.replace("{guess}", guess)), masked=True)
    assert campaign.findings == 0, capsys.readouterr().out


@pytest.mark.usefixtures("dsns")
def test_the_sides_differ_without_a_gate(cluster: PostgresCluster) -> None:
    """Otherwise the tests above could not fail."""
    assert len({cluster.psql(PLANTED, database=f"side{side}") for side in (0, 1)}) == 2


def test_a_difference_is_a_finding(
    dsns: list[str], cluster: PostgresCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is not protected differs, so the comparison must say so."""
    cluster.psql("INSERT INTO logs VALUES (90, '2026-04-01', 'only here', NULL)", database="side1")
    campaign = Campaign(dsns=dsns, seed=1, corpus=tmp_path)
    try:
        campaign.trial(Statement("SELECT what FROM logs ORDER BY id", "plain"), masked=False)
    finally:
        campaign.close()
        cluster.psql("DELETE FROM logs WHERE id = 90", database="side1")
    assert campaign.findings == 1
    assert "FINDING" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*.sql"))) == 1
