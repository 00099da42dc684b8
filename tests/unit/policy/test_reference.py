"""docs/reference/policy.md is held to the code: nothing is missing, nothing is invented."""

import re
from pathlib import Path

from passgate.core.decision import Outcome, StrategyKind
from passgate.policy import consequence, protect, reader
from passgate.policy.attributes import ATTRIBUTES
from passgate.policy.bundle import load_text, pack_names
from passgate.policy.cel.functions import FUNCTIONS, METHODS
from passgate.policy.cel.syntax import Macro

REFERENCE = (Path(__file__).parents[3] / "docs" / "reference" / "policy.md").read_text("utf-8")
SECTIONS = dict(zip(*[iter(re.split(r"^## (.+)$", REFERENCE, flags=re.MULTILINE)[1:])] * 2, strict=True))


def first_cells(section: str) -> set[str]:
    rows = re.findall(r"^\| (.+?) \|", SECTIONS[section], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_attributes() -> None:
    named = first_cells("Attributes") | {"findings"}
    assert named == set(ATTRIBUTES)


def test_types_of_attributes() -> None:
    for row in re.findall(r"^\| (`.+?) \| (.+?) \|", SECTIONS["Attributes"], re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", row[0]):
            assert str(ATTRIBUTES[name].type) in row[1], name


def test_functions_and_macros() -> None:
    assert first_cells("Conditions") == set(FUNCTIONS) | set(METHODS)
    for macro in Macro:
        assert f"`{macro.value}`" in SECTIONS["Conditions"]


def test_keys() -> None:
    assert first_cells("A rule") == set(reader._RULE_KEYS)
    assert first_cells("`protect`") == set(protect._KEYS)


def test_what_a_rule_may_do() -> None:
    forms = {re.match(r"\{?(\w+)", name)[1] for name in first_cells("What a rule may do") - {"then"}}  # type: ignore[index]
    assert forms == {*consequence._FORMS, "read_only", *(outcome.value for outcome in Outcome)}
    for strategy in StrategyKind:
        assert f"`{strategy.value}`" in SECTIONS["What a rule may do"]


def test_packs() -> None:
    assert first_cells("Packs") == set(pack_names())


def test_the_examples_load() -> None:
    examples = re.findall(r"```yaml\n(.+?)```", REFERENCE, re.DOTALL)
    assert [load_text(example).rules[-1].id for example in examples] == ["ddl-two-approvers", "pictures", "prompt-pii"]
