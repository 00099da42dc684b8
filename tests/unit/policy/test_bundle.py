from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.policy.bundle import load_bundle, load_text, pack_names
from passgate.policy.problems import BundleError, Problem

RULE = "{id: all, when: 'true', then: allow}"


def refused(text: str) -> list[str]:
    with pytest.raises(BundleError) as caught:
        load_text(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_problem_is_told_at_once() -> None:
    text = """\
rules:
- id: first
  when: "verbb == 'drop' && nme == 1"
  then: deny
- id: second
  when: "verb == 'dorp'"
  then: alow
- id: Third
  whn: "true"
  then: deny
- id: fourth
  when: |
    verb == 'drop' &&
      resource.lables.env == 'prod'
  then: deny
- id: first
  when: "true"
  then: deny
- {id: error, when: "true", then: deny}
"""
    assert refused(text) == [
        "policy.yaml:3:10: rule first: verbb is not a declared attribute (did you mean verb?)",
        "policy.yaml:6:18: rule second: 'dorp' is not a value that this ever has (did you mean drop?)",
        "policy.yaml:7:9: then cannot be 'alow' (did you mean allow?)",
        "policy.yaml:8:3: a rule needs when (write {id: ..., when: ..., then: ...})",
        "policy.yaml:8:7: 'Third' is not an id (use lower-case letters, digits and . _ / -)",
        "policy.yaml:9:3: a rule has no key 'whn' (did you mean when?)",
        "policy.yaml:14:16: rule fourth: resource.lables is not a declared attribute (did you mean resource.labels?)",
        "policy.yaml:16:3: rule first stands at policy.yaml:2:3 already (give it an id of its own)",
        "policy.yaml:19:8: error is an id of the gate's own",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: []", "the bundle has no rules"),
        ("- a", "a policy file must be a mapping"),
        ("rulez: []", "a policy file has no key 'rulez' (did you mean rules?)"),
        (f"packs: [postgres-saf]\nrules:\n- {RULE}", "there is no pack 'postgres-saf' (did you mean postgres-safe?)"),
        (
            f"packs: [nothing]\nrules:\n- {RULE}",
            "there is no pack 'nothing' (use one of llm-safe, p-ref, postgres-safe, session-facts)",
        ),
        (
            f"packs: [{{pack: p-ref, without: [ref-raed]}}]\nrules:\n- {RULE}",
            "pack p-ref has no rule 'ref-raed' (did you mean ref-read?)",
        ),
        ("rules:\n- x", "a rule must be a mapping"),
        ("rules:\n- {id: a, when: 5, then: deny}", "when must be text"),
        ("rules:\n- {id: a, when: 'true', then: deny, incomplete: allow}", "only a rule that grants"),
        ("rules:\n- {id: a, when: 'true', then: allow, approvers: {count: 2}}", "approvers belong to a hold"),
        ("rules:\n- {id: a, when: 'true', then: deny, message: 'No {colum}.'}", "rule a: {colum} stands for nothing"),
        ("rules:\n- {id: a, when: 'true', then: deny, hint: 'No {'}", "stands for nothing"),
        (
            "rules:\n- {id: a, when: \"verb == 'drop'\", then: deny, match: [{verb: select}]}",
            "rule a fails its own test: the condition does not hold",
        ),
        (
            "rules:\n- {id: a, when: \"verb == 'drop'\", then: deny, not_match: [{verb: drop}]}",
            "rule a fails its own test: the condition holds",
        ),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    assert any(message in problem for problem in refused(text)), refused(text)


def test_the_version_is_that_of_the_content() -> None:
    one = load_text(f"rules:\n- {RULE}").version
    same = load_text(
        "# a comment\ndescription: words\nrules:\n\n- id: all\n  then: allow\n  when: >-\n    true\n", "other.yaml"
    ).version
    assert one == same
    assert len(one) == 64
    others = {
        load_text(f"rules:\n- {rule}").version
        for rule in (
            "{id: al, when: 'true', then: allow}",
            "{id: all, when: 'true ', then: allow}",
            "{id: all, when: 'true', then: hold}",
            "{id: all, when: 'true', then: [allow, {max_rows: 1}]}",
            "{id: all, when: 'true', then: [allow, {max_rows: 2}]}",
            "{id: all, when: 'true', then: [allow, {limit: 2}]}",
            "{id: all, when: 'true', then: [allow, {scan: [pii]}]}",
            "{id: all, when: 'true', then: [allow, {mask: {strategy: redact}}]}",
            "{id: all, when: 'true', then: allow, incomplete: hold}",
            "{id: all, when: 'true', then: allow, message: x}",
            "{id: all, when: 'true', then: allow, hint: x}",
            "{id: all, when: 'true', then: hold, approvers: {count: 2}}",
        )
    }
    assert len(others | {one}) == 13


def test_scan_classes_have_one_order_in_the_version() -> None:
    texts = [
        f"rules:\n- {{id: a, when: 'true', then: {{scan: {classes}}}}}"
        for classes in ("[pii, secret]", "[secret, pii]")
    ]
    assert load_text(texts[0]).version == load_text(texts[1]).version


def test_packs_come_first_and_once(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(f"packs: [postgres-safe]\nrules:\n- {RULE}\n")
    bundle = load_bundle((mine,), ("postgres-safe",))
    ids = [rule.id for rule in bundle.rules]
    assert ids[0] == "pg-read"
    assert ids[-1] == "all"
    assert len(ids) == len(set(ids))
    assert bundle.files == (mine,)


def test_a_rule_of_a_pack_can_be_left_out() -> None:
    bundle = load_text(f"packs: [{{pack: postgres-safe, without: [pg-cartesian]}}]\nrules:\n- {RULE}")
    assert "pg-cartesian" not in {rule.id for rule in bundle.rules}
    assert "pg-read" in {rule.id for rule in bundle.rules}


def test_mentions_of_a_pack_that_leave_out_different_rules_do_not_load(tmp_path: Path) -> None:
    """One of them would be read by somebody who takes it for what is in force."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("packs: [{pack: postgres-safe, without: [pg-cartesian, pg-listen]}]\n")
    other.write_text("packs: [{pack: postgres-safe, without: [pg-listen]}]\n")
    with pytest.raises(BundleError) as caught:
        load_bundle((one, other))
    (problem,) = caught.value.problems
    where = f"pack postgres-safe is named at {one}:1:9 too"
    assert str(problem).startswith(
        f"{other}:1:9: {where}, where it leaves out pg-cartesian, pg-listen, not pg-listen ("
    )
    other.write_text("packs: [{pack: postgres-safe, without: [pg-listen, pg-cartesian]}]\n")
    ids = {rule.id for rule in load_bundle((one, other)).rules}
    assert not ids & {"pg-cartesian", "pg-listen"}


def test_what_a_file_leaves_out_of_a_pack_of_the_configuration_is_told(tmp_path: Path) -> None:
    """The configuration names postgres-safe and llm-safe by itself: a file's ``without`` changed nothing beside them."""
    mine = tmp_path / "mine.yaml"
    mine.write_text("packs: [{pack: llm-safe, without: [llm-personal-data-back-agents]}]\n")
    with pytest.raises(BundleError, match="where it leaves out nothing, not llm-personal-data-back-agents"):
        load_bundle((mine,), ("postgres-safe", "llm-safe"))
    assert len(load_bundle((mine,), ("postgres-safe",)).rules) == 60


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"rules: \xff")
    with pytest.raises(BundleError) as caught:
        load_bundle((tmp_path / "gone.yaml", binary, tmp_path))
    assert [problem.message.split(":")[0] for problem in caught.value.problems] == [
        "cannot be read",
        "is not UTF-8 at byte 7",
        "cannot be read",
    ]


def test_rules_that_cannot_be_looked_up_are_named() -> None:
    odd = "{id: odd, when: \"'files' in object.tags\", then: deny}"
    found = "{id: ok, when: \"verb == 'drop'\", then: deny}"
    assert [rule.id for rule in load_text(f"rules:\n- {RULE}\n- {odd}\n- {found}").unindexed] == ["odd"]


PACK = (resources.files("passgate.policy") / "packs" / "p-ref.yaml").read_text("utf-8")[:6000]
PARTS = (
    "'",
    '"',
    "&&",
    "||",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "- ",
    "\n",
    "  ",
    "x",
    "é",
    "\0",
    "*a",
    "&a ",
    "!!int ",
    "9" * 30,
    "%",
)


@settings(max_examples=150, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(PACK)), st.integers(0, 12), st.sampled_from(PARTS)), min_size=1, max_size=4
    )
)
def test_a_damaged_bundle_loads_or_says_where_it_does_not(edits: list[tuple[int, int, str]]) -> None:
    text = PACK
    for at, length, part in edits:
        text = text[:at] + part + text[at + length :]
    problems: tuple[Problem, ...] = ()
    try:
        load_text(text)
    except BundleError as error:
        problems = error.problems
        assert problems, "an error without a problem says nothing"
    lines = text.count("\n") + 1
    for problem in problems:
        assert problem.message
        assert 1 <= problem.place.line <= lines + 1


def test_the_packs_that_ship() -> None:
    assert pack_names() == ("llm-safe", "p-ref", "postgres-safe", "session-facts")


def test_the_sample_of_the_design() -> None:
    text = """\
rules:
- id: no-drop-in-prod
  when: "verb in ['drop', 'truncate'] && resource.labels.env == 'prod'"
  then: deny
  message: Destructive DDL is not permitted in production.
  match:     [{verb: drop, resource.labels.env: prod}]
  not_match: [{verb: drop, resource.labels.env: dev}]
- id: ddl-two-approvers
  when: "verb_class == 'ddl' && resource.labels.env == 'prod'"
  then: hold
  approvers: {group: dba, count: 2, expires: 15m}
- id: agents-never-ssn
  when: "principal.kind == 'agent' && object.name == 'customers' && column == 'ssn'"
  then: deny
- id: customer-email
  when: "object.name == 'customers' && column == 'email' && position == 'output'"
  then: {mask: {strategy: partial}}
- id: prompt-secret
  when: "resource.kind == 'llm' && findings.exists(f, f.class == 'secret')"
  then: deny
- id: prompt-pii
  when: "resource.kind == 'llm' && findings.exists(f, f.class == 'pii')"
  then: {mask: {strategy: token}}
- id: big-write
  when: "verb in ['update', 'delete'] && !key_pinned"
  then: {max_rows: 100}
- id: step-up-after-sensitive
  when: "'sensitive-read' in session.tags && verb_class in ['egress', 'write']"
  then: hold
"""
    assert len(load_text(text).rules) == 8
