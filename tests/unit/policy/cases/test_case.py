import pytest

from passgate.core.errors import PolicyError
from passgate.policy.cases import Case, Expected, read_cases


def test_cases_are_read_line_by_line() -> None:
    text = (
        '{"id": "a", "kind": "postgres", "text": "SELECT 1", "expected": "hold", "params": [1, null, "x"], "observed": {}}\n'
        "\n"
        '{"id": "b", "kind": "psql", "text": "\\\\! id", "expected": "deny", "category": "c", "why": "w", "severity": 3}\n'
    )
    assert read_cases(text) == (
        Case(id="a", kind="postgres", text="SELECT 1", expected=Expected.APPROVE, params=("1", None, "x")),
        Case(id="b", kind="psql", text="\\! id", expected=Expected.DENY, category="c", why="w"),
    )


def test_line_separators_inside_a_text_do_not_end_a_line() -> None:
    text = '{"id": "a", "kind": "postgres", "text": "a\u2028b\x85c", "expected": "deny"}'
    assert read_cases(text)[0].text == "a\u2028b\x85c"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "f.jsonl:2: not JSON: Expecting"),
        ("[]", "a case is a JSON object"),
        ('{"id": "a", "kind": 5}', "a case needs kind, text, expected as text"),
        (
            '{"id": "a", "kind": "k", "text": "t", "expected": "denny"}',
            "expected cannot be 'denny' (did you mean deny?)",
        ),
        ('{"id": "a", "kind": "k", "text": "t", "expected": "zzz"}', "use one of allow, mask, approve, deny"),
        ('{"id": "a", "kind": "k", "text": "t", "expected": "deny", "params": "x"}', "params must be a list"),
    ],
)
def test_what_is_no_case_is_told_with_its_line(line: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_cases(f"\n{line}\nnot json either", "f.jsonl")
    assert message in str(caught.value)
    assert "f.jsonl:3:" in str(caught.value)


CASE = '"kind": "postgres", "text": "SELECT 1", "expected": "allow"'


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (f'{{"id": "a", "id": "b", {CASE}}}', "c:1: the key 'id' stands twice"),
        (f'{{"id": "a", "parms": ["1"], {CASE}}}', "c:1: a case has no key 'parms' (did you mean params?)"),
    ],
)
def test_a_case_that_would_not_be_judged_as_written_is_told(lines: str, message: str) -> None:
    """Each of these ran, without its parameters or in place of another."""
    with pytest.raises(PolicyError) as caught:
        read_cases(lines, "c")
    assert message in str(caught.value)
