"""What a text means by its template is what it means by itself, for every case there is and whatever its literals are."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.action import Action
from passgate.languages.sql.language import SqlUnderstander
from passgate.languages.sql.templates import cut
from tests.bypass.test_postgres_cases import CASES, language, session

TEXTS = sorted({case.text for case in CASES if case.kind == "postgres"})

PLACE = re.compile(r"'[^']*'|\b\d+\b")
"""Where a value could stand, as a careless reader sees it: inside names, comments and other quotes too."""

NUMBERS = ("0", "1", "2", "3", "007", "1000", "1001", "5000000", "999999999", "1000000000", "99999999999999999999")
WORDS = (
    "", "1", "0", "t", "false", "on", "public", "ColumnRef", "A_Star", "payments", "customers", "orders.ssn", "pg_sleep", "%",
    "2020-01-01", "now", "-1", "{1,2}", "1=1", "x' OR 'x'='x", "it''s", "\\", "\\'", "$$", "$1", '"', "--", "/*", ";", "é",
    "+" * 600,
    "select * from payments", "csv", "read write", "!", "UTF8", "search_path", "work_mem", "ssn", "[" * 300,
)  # fmt: skip

values = st.sampled_from(NUMBERS) | st.sampled_from(WORDS).map(lambda word: f"'{word}'")


def filled(text: str, drawn: Sequence[str]) -> str:
    """The text with other values, of the same kind or not."""
    left = iter(drawn)
    return PLACE.sub(lambda match: next(left, match[0]), text)


def meaning(understander: SqlUnderstander, text: str) -> tuple[tuple[Action, ...], bool]:
    found = understander.understand(text)
    return found.actions, found.inputs_matter


def by_itself(text: str) -> tuple[tuple[Action, ...], bool]:
    """By a session that has seen nothing yet, and so knows no template."""
    return meaning(language().open(session()), text)


@given(text=st.sampled_from(TEXTS), drawn=st.lists(st.lists(values, max_size=6), min_size=3, max_size=5))
@settings(max_examples=700, deadline=None)
def test_every_filling_of_a_case_means_what_it_means_by_itself(text: str, drawn: list[list[str]]) -> None:
    understander = language().open(session())
    texts = [text, *(filled(text, values) for values in drawn)]
    assert [meaning(understander, one) for one in (*texts, *texts)] == [by_itself(one) for one in (*texts, *texts)]


@pytest.mark.parametrize("text", TEXTS)
def test_every_case_means_the_same_after_texts_like_it(text: str) -> None:
    understander = language().open(session())
    for number in ("4", "5", "6"):
        understander.understand(PLACE.sub(lambda match, n=number: f"'{n}'" if match[0][0] == "'" else n, text))  # type: ignore[misc]
    assert meaning(understander, text) == by_itself(text)


def test_cases_do_have_templates() -> None:
    """Otherwise the tests above would prove nothing."""
    by_template = 0
    for text in TEXTS:
        understander = language().open(session())
        if cut(text.encode(errors="replace")) is not None:
            for _ in range(3):
                found = understander.understand(text)
            by_template += found.like is not None
    assert by_template > 30
