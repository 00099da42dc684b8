"""A mutation of a statement (comment, white space, case, quoting, wrapping) never makes its verdict laxer."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.policy.cases import Case, Expected
from passgate.policy.cases.runner import KINDS, run_case
from tests.bypass.test_postgres_cases import CASES, language, policy, session

RANK = {Expected.ALLOW: 0, Expected.MASK: 1, Expected.APPROVE: 2, Expected.DENY: 3}
STATEMENTS = [case for case in CASES if case.kind == "postgres" and "\0" not in case.text]
QUERIES = [
    case
    for case in STATEMENTS
    if re.match(r"(?i)\s*select\b", case.text) and ";" not in case.text and "--" not in case.text
]

TOKEN = re.compile(
    r"(?P<fixed>[eEbBxXnN]'(?:[^'\\]|''|\\.)*'|[uU]&(?:'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    r"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|--[^\r\n]*[\r\n]?|\d[\w.]*)"
    r"|(?P<comment>/\*)|(?P<space>[ \t\r\n\f]+)|(?P<word>[A-Za-z_][A-Za-z0-9_$]*)|(?P<other>.)",
    re.DOTALL,
)
SPACES = (" ", "\n", "\t", "\f", "\r", "  ", "/**/", " /* ; */ ", "/* a /* b */ c */", " --x\n", " --'\n", "\r\n")


def pieces(text: str) -> list[tuple[str, str]]:
    """Kind and text of each piece; a text with block comments of its own is one piece, left as it is."""
    found = [(match.lastgroup or "other", match[0]) for match in TOKEN.finditer(text)]
    found = [("fixed" if kind == "tag" else kind, piece) for kind, piece in found]
    return [("fixed", text)] if any(kind == "comment" for kind, _ in found) else found


def respaced(text: str, data: st.DataObject) -> str:
    return "".join(data.draw(st.sampled_from(SPACES)) if kind == "space" else piece for kind, piece in pieces(text))


def realigned(text: str, data: st.DataObject) -> str:
    """White space only: the parser that is asked stumbles over a comment between words it looks ahead for (WITH ORDINALITY)."""
    spaces = [space for space in SPACES if space.isspace()]
    return "".join(data.draw(st.sampled_from(spaces)) if kind == "space" else piece for kind, piece in pieces(text))


def recased(text: str, data: st.DataObject) -> str:
    turns = (str.upper, str.lower, str.swapcase, str.title)
    return "".join(
        data.draw(st.sampled_from(turns))(piece) if kind == "word" else piece for kind, piece in pieces(text)
    )


def quoted(text: str, data: st.DataObject) -> str:
    """Names of the reference schema in quotes, plain or with a Unicode escape."""
    names = {"orders", "customers", "payments", "products", "ssn", "email", "note", "card", "status", "total"}
    forms: tuple[Callable[[str], str], ...] = (
        lambda name: f'"{name}"',
        lambda name: f'U&"\\{ord(name[0]):04x}{name[1:]}"',
        lambda name: name.upper(),
    )
    return "".join(
        data.draw(st.sampled_from(forms))(piece) if kind == "word" and piece.lower() in names else piece
        for kind, piece in pieces(text)
    )


def joined(text: str, data: st.DataObject) -> str:
    """Among harmless statements."""
    before, after = (data.draw(st.sampled_from(("", ";", "SELECT 1;", "SELECT 'x;--';"))) for _ in range(2))
    return f"{before}{text}\n;{after}"


TEXT_MUTATIONS = (respaced, recased, quoted, joined)

WRAPPINGS = (
    "SELECT * FROM ({}) AS wrapped",
    "WITH wrapped AS ({}) SELECT * FROM wrapped",
    "WITH wrapped AS MATERIALIZED ({}) SELECT * FROM wrapped",
    "({})",
    "SELECT (SELECT to_json(w) FROM ({}) AS w LIMIT 1)",
    "SELECT ARRAY(SELECT w::text FROM ({}) AS w)",
    "{} UNION ALL {}",
    "SELECT 1 FROM orders LEFT JOIN LATERAL ({}) AS w ON true",
    "COPY ({}) TO STDOUT",
    "EXPLAIN ANALYZE {}",
    "PREPARE wrapped AS {}",
    "DECLARE wrapped CURSOR FOR {}",
)


def verdict(text: str) -> Expected:
    case = Case(id="x", kind="postgres", text=text, expected=Expected.DENY)
    return run_case(case, KINDS["postgres"], language(), policy("p-ref"), session()).verdict


@settings(max_examples=400, deadline=None)
@given(case=st.sampled_from(STATEMENTS), data=st.data())
def test_other_words_for_the_same_are_not_laxer(case: Case, data: st.DataObject) -> None:
    text = case.text
    for mutation in data.draw(st.lists(st.sampled_from(TEXT_MUTATIONS), min_size=1, max_size=3)):
        text = mutation(text, data)
    assert RANK[verdict(text)] >= RANK[case.expected], text


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(STATEMENTS), mutation=st.sampled_from((realigned, recased, quoted)), data=st.data())
def test_other_spelling_is_the_same(
    case: Case, mutation: Callable[[str, st.DataObject], str], data: st.DataObject
) -> None:
    """Neither laxer nor stricter: what is harmless stays harmless."""
    text = mutation(case.text, data)
    assert verdict(text) is case.expected, text


@settings(max_examples=250, deadline=None)
@given(case=st.sampled_from(QUERIES), data=st.data())
def test_wrapping_is_not_laxer(case: Case, data: st.DataObject) -> None:
    text = case.text
    for wrapping in data.draw(st.lists(st.sampled_from(WRAPPINGS), min_size=1, max_size=2)):
        text = wrapping.replace("{}", text)
    assert RANK[verdict(text)] >= RANK[case.expected], text


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: case.id)
def test_each_wrapping_of_each_query(case: Case) -> None:
    for wrapping in WRAPPINGS:
        text = wrapping.replace("{}", case.text)
        assert RANK[verdict(text)] >= RANK[case.expected], text
