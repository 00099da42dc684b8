"""Nothing that anybody wrote has an effect in Slack, and nobody approves what they were not shown."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.endpoints.approvals.slack_message import blocks, fallback, value_of
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState, Vote
from tests.unit.endpoints.approvals.parts import REQUEST, decided


def texts(request: ApprovalRequest) -> Iterator[dict[str, object]]:
    """Every text object of the message."""

    def walk(value: object) -> Iterator[dict[str, object]]:
        if isinstance(value, dict):
            if value.get("type") in ("plain_text", "mrkdwn"):
                yield value
            for part in value.values():
                yield from walk(part)
        elif isinstance(value, list | tuple):
            for part in value:
                yield from walk(part)

    yield from walk(json.loads(json.dumps(blocks(request))))


def buttons(request: ApprovalRequest) -> list[str]:
    return [
        element["text"]["text"]
        for block in blocks(request)
        if block["type"] == "actions"
        for element in block["elements"]  # type: ignore[attr-defined]
    ]


HOSTILE = "<!channel> <https://evil.example|click> *bold* :x: & </section> \u202egnp"


def test_markup_of_whoever_asks_is_text() -> None:
    hostile = replace(
        REQUEST, purpose=HOSTILE, ticket=HOSTILE, shown=HOSTILE, atoms=(HOSTILE,), reason=HOSTILE, chain=(HOSTILE,)
    )
    found = list(texts(hostile))
    assert {text["type"] for text in found} == {"plain_text"}
    assert {text["emoji"] for text in found} == {False}
    said = " ".join(str(text["text"]) for text in found)
    assert "<" not in said
    assert ">" not in said
    assert "&lt;!channel&gt;" in said
    assert "\u202e" not in said
    assert "\\u202e" in said
    assert "RIGHT-TO-LEFT OVERRIDE, which cannot be seen" in said


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=4000), st.text(max_size=4000))
def test_every_text_fits_and_is_escaped_whatever_it_was(one: str, other: str) -> None:
    odd = replace(REQUEST, purpose=one, shown=other, chain=(other,), reason=one)
    assert len(blocks(odd)) <= 50
    for text in texts(odd):
        said = str(text["text"])
        assert 1 <= len(said) <= 3000
        assert "<" not in said
        assert ">" not in said


@pytest.mark.parametrize("long", ["x" * 5000, "<" * 5000, "\u202e" * 5000])
def test_what_is_too_long_for_a_field_is_cut_and_that_is_seen(long: str) -> None:
    (purpose,) = (
        str(text["text"]) for text in texts(replace(REQUEST, purpose=long)) if "they say" in str(text["text"])
    )
    assert 2900 < len(purpose) <= 3000
    assert purpose.endswith("…")


def test_the_masked_statement_the_preview_and_the_facts_are_shown() -> None:
    said = " ".join(str(text["text"]) for text in texts(REQUEST))
    for wanted in (
        "[EMAIL]",
        "214 rows",
        "email=e***",
        "email=NULL",
        "0 of 2 of dba",
        "weekly report (INC-42)",
        "ab" * 32,
    ):
        assert wanted in said
    assert "eve@example.org" not in said
    assert buttons(REQUEST) == ["Approve", "Deny"]
    assert value_of(REQUEST) == f"{REQUEST.id}:{'ab' * 32}"


@pytest.mark.parametrize(
    "request_",
    [replace(REQUEST, cut=1), replace(REQUEST, shown="x" * 30_000), replace(REQUEST, shown="")],
    ids=["cut", "too long", "could not be masked"],
)
def test_what_is_not_shown_whole_can_only_be_denied(request_: ApprovalRequest) -> None:
    assert buttons(request_) == ["Deny"]
    assert any("passgate approvals show" in str(text["text"]) for text in texts(request_))


def test_values_of_parameters_are_not_shown_so_nobody_approves_them_there() -> None:
    """``WHERE id = $1`` is agreed to with the value that it runs with, or not at all."""
    with_values = replace(REQUEST, inputs={"1": "very-secret-parameter", "name": None})
    said = " ".join(str(text["text"]) for text in texts(with_values))
    assert "very-secret-parameter" not in said
    assert "$1, name" in said
    assert "UPDATE orders" in said
    assert buttons(with_values) == ["Deny"]


def test_once_it_is_over_there_is_nothing_to_press() -> None:
    vote = Vote(subject="grace@example.com", approves=True, note="", at=REQUEST.asked)
    over = replace(decided(ApprovalState.APPROVED), votes=(vote,))
    assert buttons(over) == []
    said = " ".join(str(text["text"]) for text in texts(over))
    assert "approved: grace@example.com" in said
    assert fallback(over) == f"Approval {REQUEST.id}: approved"
