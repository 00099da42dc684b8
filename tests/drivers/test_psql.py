import os
import subprocess

import pytest

from passgate.testing import IssuedPass, RunningGate


@pytest.fixture
def psql(gate: RunningGate, agent: IssuedPass):
    def run(script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["psql", "-X", "-A", "-t", *arguments, "-f", "-"],
            input=script,
            env={**os.environ, **gate.environment(agent)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_rows_come_masked(psql) -> None:
    done = psql("SELECT id, email, ssn FROM customers WHERE id = 7;")
    number, email, ssn = done.stdout.strip().split("|")
    assert number == "7"
    assert "customer7@example.com" not in email
    assert email.startswith("c")
    assert ssn == ""


def test_a_refusal_says_why_and_the_session_goes_on(psql) -> None:
    done = psql("\\set VERBOSITY verbose\nDROP TABLE orders;\nSELECT count(*) FROM orders;")
    assert "42501" in done.stderr
    assert "DETAIL" in done.stderr
    assert "HINT" in done.stderr
    assert done.stdout.strip() == "3000"


def test_a_transaction_survives_a_refusal(psql) -> None:
    done = psql(
        "BEGIN;\nUPDATE orders SET status = 'kept' WHERE id = 11;\nDELETE FROM orders;\nCOMMIT;\n"
        "SELECT status FROM orders WHERE id = 11;"
    )
    assert done.stdout.strip().splitlines()[-1] == "kept"


def test_one_denied_statement_of_several_runs_none(psql) -> None:
    psql("", "-c", "UPDATE orders SET status = 'never' WHERE id = 12; DROP TABLE orders")
    assert psql("SELECT status FROM orders WHERE id = 12;").stdout.strip() != "never"


def test_copy_out_is_masked_in_text_and_csv(psql) -> None:
    for options in ("", " WITH (FORMAT csv, HEADER)"):
        done = psql(f"COPY (SELECT id, email FROM customers WHERE id < 5) TO STDOUT{options};")
        assert done.returncode == 0, done.stderr
        assert "@example.com" not in done.stdout.replace("***@example.com", "")
        assert "customer1@" not in done.stdout


def test_describe_commands_work(psql) -> None:
    done = psql("\\d customers\n\\dt\n\\l\n\\conninfo")
    assert done.returncode == 0, done.stderr
    assert "email" in done.stdout
    assert done.stderr == ""


def test_a_wrong_secret_is_28p01(gate: RunningGate, agent: IssuedPass) -> None:
    environment = gate.environment(agent) | {"PGPASSWORD": "pgs_wrong"}
    done = subprocess.run(
        ["psql", "-X", "-v", "VERBOSITY=verbose", "-c", "SELECT 1"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "password authentication failed" in done.stderr
    assert "pgs_wrong" not in done.stderr
