import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from passgate.cli.policy import policy_app
from passgate.core.errors import ConfigError, PolicyError

CASES = (
    '{"id": "a", "kind": "postgres", "text": "SELECT id FROM orders", "expected": "allow"}\n'
    '{"id": "b", "kind": "postgres", "text": "SELECT ssn FROM customers", "expected": "deny"}\n'
    '{"id": "c", "kind": "redis", "text": "FLUSHALL", "expected": "deny"}\n'
)


def run(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(policy_app, list(words), input=text)


# -- check -------------------------------------------------------------------------------------------------------------


def test_a_good_bundle_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("rules:\n- {id: odd, when: \"'files' in object.tags\", then: deny, not_match: [{}]}\n")
    found = run("check", str(path))
    assert found.exit_code == 0
    assert "1 rules, 1 of their own tests passed, version " in found.stdout
    assert "nothing in them can be looked up: odd" in found.stdout


def test_a_good_bundle_in_json() -> None:
    found = run("check", "--pack", "postgres-safe", "--json")
    report = json.loads(found.stdout)
    assert (found.exit_code, report["ok"], report["unindexed"]) == (0, True, [])
    assert len(report["version"]) == 64


def test_every_problem_of_a_bad_bundle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("rules:\n- {id: a, when: \"verbb == 'x'\", then: deny}\n- {id: b, when: 'true', then: alow}\n")
    found = run("check", str(path))
    assert found.exit_code == 1
    assert f"{path}:2:18: rule a: verbb is not a declared attribute (did you mean verb?)" in found.stderr
    assert f"{path}:3:31: then cannot be 'alow' (did you mean allow?)" in found.stderr
    assert "2 problems: the bundle is not usable" in found.stderr
    report = json.loads(run("check", str(path), "--json").stdout)
    assert report["problems"][0] == {
        "file": str(path),
        "line": 2,
        "column": 18,
        "message": "rule a: verbb is not a declared attribute",
        "remedy": "did you mean verb?",
    }


def test_nothing_to_check_is_a_mistake() -> None:
    assert run("check").exit_code == 2


def test_prompts_are_judged_beside_statements(tmp_path: Path) -> None:
    cases = tmp_path / "c.jsonl"
    cases.write_text(
        CASES + '{"id": "d", "kind": "llm", "text": "mail ann@example.com", "expected": "mask"}\n'
        '{"id": "e", "kind": "llm", "text": "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "expected": "deny"}\n'
        '{"id": "f", "kind": "llm", "text": "what is a UUID?", "expected": "mask"}\n'
    )
    found = run("test", "--reference", "--cases", str(cases), "--json")
    report = json.loads(found.stdout)
    assert found.exit_code == 1
    assert [(t["kind"], t["covered"], t["cases"], t["as_expected"]) for t in report["totals"]] == [
        ("llm", True, 3, 2),
        ("postgres", True, 2, 2),
        ("redis", False, 1, 0),
    ]
    assert [(miss["id"], miss["found"], miss["rule"]) for miss in report["mismatches"]] == [
        ("f", "allow", "ref-llm-use")
    ]


# -- explain -----------------------------------------------------------------------------------------------------------


def test_a_statement_is_explained_for_people() -> None:
    found = run("explain", "SELECT id, email, ssn FROM customers", "--reference")
    assert found.exit_code == 0
    assert "verdict   deny by protect:customers.ssn: Column ssn of public.customers is protected." in found.stdout
    assert "hint      Leave out column ssn of public.customers" in found.stdout
    assert "mask public.customers.email: partial (rule protect:customers.email/mask)" in found.stdout
    row = next(line for line in found.stdout.splitlines() if " email " in line)
    assert row.split()[:6] == ["select", "relation", "public.customers", "email", "output", "allow"]


def test_a_statement_is_explained_in_json() -> None:
    found = run("explain", "DELETE FROM orders", "--reference", "--json")
    (report,) = json.loads(found.stdout)
    assert report["verdict"] == "deny"
    assert report["rule"] == "ref-write-without-where"
    assert "WHERE" in report["hint"]
    assert report["complete"] is True
    atom = report["atoms"][0]
    assert (atom["verb"], atom["object"], atom["where_effective"]) == ("delete", "public.orders", False)
    assert atom["fired"][0]["id"] in report["fired"]
    assert "ref.yaml" in atom["fired"][0]["at"]


def test_several_statements_come_one_after_the_other() -> None:
    found = run("explain", "SELECT 1; DROP TABLE orders", "--reference")
    assert [line for line in found.stdout.splitlines() if line.startswith("verdict")][1].startswith("verdict   deny")


def test_a_statement_comes_from_standard_input() -> None:
    assert "verdict   allow" in run("explain", "-", "--reference", text="SELECT id FROM orders").stdout


def test_bound_values_matter() -> None:
    text = "SELECT $1::regclass"
    assert "payments" in run("explain", text, "--reference", "--param", "payments").stdout
    assert "verdict   deny" in run("explain", text, "--reference", "--param", "payments").stdout


def test_gaps_facts_and_approvers_are_shown() -> None:
    gap = run("explain", "SELECT * FROM nosuch", "--reference").stdout
    assert "gap       relation nosuch is not known" in gap
    held = json.loads(run("explain", "SELECT * FROM orders a, orders b", "--reference", "--json").stdout)[0]
    assert held["approvers"] == {"group": "approvers", "count": 1, "expires_seconds": 900}
    assert held["facts"]["sql.cartesian"] is True


def test_a_prompt_is_explained() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq98yU"
    found = run("explain", "--prompt", f"mail ann@example.com with {key}").stdout
    assert (
        "verdict   deny by llm-no-secrets-out: PRIVATE_KEY found in user: a secret may not be sent to a model." in found
    )
    assert "mask pii.EMAIL.user: token (rule llm-tokens-out)" in found
    result = json.loads(
        run("explain", "--prompt", "--json", "tool result: ann@example.com", "--as", "human:ann").stdout
    )
    assert result[0]["verdict"] == "allow"
    assert [(atom["kind"], atom["object"], atom["column"]) for atom in result[0]["atoms"]] == [
        ("model", "model", ""),
        ("finding", "pii.EMAIL", "tool_result"),
    ]


def test_every_obligation_has_words(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "rules:\n- id: a\n  when: 'true'\n  then: [allow, read_only, {max_rows: 1, limit: 2, notify: ops, record: strict, tag: t, "
        "scan: [pii]}]\n"
    )
    found = run("explain", "SELECT 1", "--policy", str(path)).stdout
    for words in (
        "run where nothing can be written",
        "roll back beyond 1 rows",
        "show at most 2 rows",
        "notify ops",
        "record: strict",
        "tag the session t",
        "scan values for pii",
    ):
        assert f"{words} (rule a)" in found


def test_who_asks_and_where_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        "rules:\n- id: a\n  when: >-\n    principal.kind == 'human' && 'dba' in principal.groups && resource.labels.env == 'dev'\n"
        "  then: allow\n"
    )
    asked = ("explain", "SELECT 1", "-p", str(path), "--as", "human:ann", "--label", "env=dev")
    assert "verdict   allow by a" in run(*asked, "--group", "dba").stdout
    assert "verdict   deny by default-deny" in run(*asked).stdout


def test_a_rule_without_a_value_is_shown() -> None:
    asked = ("explain", "SELECT 1", "--pack", "p-ref")
    assert (
        "verdict   deny by error: Rule ref-read could not be judged for select: there is no 'env'."
        in run(*asked).stdout
    )
    (report,) = json.loads(run(*asked, "--json").stdout)
    assert report["atoms"][0]["failed"] == "there is no 'env'"


def test_what_is_wrong_with_the_question_is_said() -> None:
    assert isinstance(run("explain", "SELECT 1", "--as", "nobody").exception, ConfigError)


# -- test --------------------------------------------------------------------------------------------------------------


def test_cases_that_come_out_as_expected(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(CASES)
    found = run("test", "--reference", "--cases", str(path))
    assert found.exit_code == 0
    assert "2 of 2 covered cases as expected" in found.stdout
    row = next(line for line in found.stdout.splitlines() if line.startswith("redis"))
    assert "not covered" in row


def test_a_mismatch_is_named_and_fails(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(CASES.replace('"allow"', '"deny"'))
    found = run("test", "--reference", "--cases", str(path))
    assert found.exit_code == 1
    assert "a: expected deny, found allow by ref-read" in found.stdout
    report = json.loads(run("test", "--reference", "--cases", str(path), "--json").stdout)
    assert report["passed"] is False
    assert report["mismatches"][0]["id"] == "a"
    assert {one["kind"]: one["covered"] for one in report["totals"]} == {"postgres": True, "redis": False}


@pytest.mark.parametrize(("content", "error"), [("{", PolicyError), (None, ConfigError)])
def test_cases_that_cannot_be_read(tmp_path: Path, content: str | None, error: type[Exception]) -> None:
    path = tmp_path / "cases.jsonl"
    if content is not None:
        path.write_text(content)
    assert isinstance(run("test", "--reference", "--cases", str(path)).exception, error)


def test_a_run_that_judges_nothing_does_not_pass(tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    for text, said in (
        ("", "Nothing was judged"),
        ('{"id": "a", "kind": "postgresql", "text": "DROP TABLE x", "expected": "allow"}', "did you mean postgres?"),
    ):
        cases.write_text(text)
        found = run("test", "--reference", "--cases", str(cases))
        assert found.exit_code == 1
        assert said in found.stdout


def test_what_loads_and_may_not_be_meant_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("rules:\n- {id: a, when: \"verb == 'select'\", then: allow}\n- {id: b, when: 'true', then: deny}\n")
    found = run("check", str(path))
    assert found.exit_code == 0
    assert "rule a never decides: b" in found.output
    assert json.loads(run("check", str(path), "--json").stdout)["notes"][0]["line"] == 2


def test_rules_about_tags_counters_and_passes_can_be_tried(tmp_path: Path) -> None:
    """Without these a rule about them came out one way in every dry run, and another way at work."""
    path = tmp_path / "p.yaml"
    path.write_text(
        "rules:\n- {id: all, when: 'true', then: allow}\n"
        "- {id: tagged, when: \"'sensitive-read' in session.tags\", then: hold}\n"
        "- {id: many, when: 'session.counters.rows > 1000 && task.counters.rows > 1000', then: deny}\n"
        "- {id: ticket, when: \"pass.purpose == 'repair' && !has(pass.ticket)\", then: deny}\n"
    )
    for given, rule in (
        ((), "all"),
        (("--tag", "sensitive-read"), "tagged"),
        (("--tag", "sensitive-read", "--counted", "rows=1001"), "many"),
        (("--counted", "rows=1000"), "all"),
        (("--purpose", "repair"), "ticket"),
        (("--purpose", "repair", "--ticket", "OPS-1"), "all"),
    ):
        found = run("explain", "SELECT 1", "--policy", str(path), "--json", *given)
        assert json.loads(found.stdout)[0]["rule"] == rule, given
    assert run("explain", "SELECT 1", "--policy", str(path), "--counted", "rwos=5").exit_code != 0
