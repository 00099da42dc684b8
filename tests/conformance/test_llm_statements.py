"""The list of statements is whole, and what it names is there."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.llm_statements import STATEMENTS, Statement

ROOT = Path(__file__).parents[2]


@cache
def named_in(path: str) -> frozenset[str]:
    """Names of the tests of a file, those in classes included, less those that are skipped or expected to fail."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not any(mark in ast.unparse(decorator) for decorator in node.decorator_list for mark in ("xfail", "skip"))
    )


def test_all_46_are_there() -> None:
    assert [statement.number for statement in STATEMENTS] == list(range(1, 47))


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: str(statement.number))
def test_each_is_held_or_says_why_not(statement: Statement) -> None:
    assert statement.says.endswith(".")
    assert statement.held or statement.open
    assert len(set(statement.held)) == len(statement.held)
    for test in statement.held:
        path, _, name = test.partition("::")
        assert name in named_in(path), f"there is no test {test}"
