"""The parser's limits, and the lexical traps that other parsers fall into."""

import random
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.parser import IN_PROCESS_BYTES, Limits, Parser
from passgate.languages.sql.tree import ParsedStatement


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    made = Parser()
    yield made
    made.close()


def tags(statements: tuple[ParsedStatement, ...]) -> list[str]:
    return [statement.tag for statement in statements]


def relations(tree: object) -> set[str]:
    """Every relation named anywhere in a tree."""
    found: set[str] = set()
    if isinstance(tree, list):
        for part in tree:
            found |= relations(part)
    elif isinstance(tree, dict):
        if "relname" in tree:
            found.add(tree["relname"])
        for part in tree.values():
            found |= relations(part)
    return found


def test_statements_come_with_their_exact_text_and_place(parser: Parser) -> None:
    text = "/* é */ SELECT 'ü;' ;; -- drop table x\n DROP TABLE a; "
    first, second = parser.parse(text)
    data = text.encode()
    assert (first.tag, first.text.strip()) == ("SelectStmt", "SELECT 'ü;'")
    assert (second.tag, second.text.strip()) == ("DropStmt", "DROP TABLE a")
    for statement in (first, second):
        assert data[statement.position :].startswith(statement.text.encode())


@pytest.mark.parametrize("text", ["", "   ", ";", "-- only a comment", "/* only */ ; ;"])
def test_a_text_without_statements(parser: Parser, text: str) -> None:
    assert parser.parse(text) == ()


def test_bytes_and_text_give_the_same(parser: Parser) -> None:
    assert parser.parse("SELECT 'é'") == parser.parse("SELECT 'é'".encode())


def test_statements_that_differ_in_literals_have_one_fingerprint(parser: Parser) -> None:
    (one,) = parser.parse("SELECT * FROM orders WHERE id = 1")
    (two,) = parser.parse("select *  from orders where id=2")
    (other,) = parser.parse("SELECT * FROM orders WHERE total = 1")
    assert one.fingerprint == two.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "SELECT 1 -- x\rDROP TABLE orders",
            ["SelectStmt"],
        ),  # the comment ends at the carriage return: a syntax error follows
        ("-- x\rDROP TABLE orders", ["DropStmt"]),
        ("-- x\nDROP TABLE orders", ["DropStmt"]),
        ("/* a /* nested */ SELECT 1; */ TRUNCATE orders", ["TruncateStmt"]),
        ("SELECT $q$ it's fine $q$; DELETE FROM orders; SELECT $q$ ' $q$", ["SelectStmt", "DeleteStmt", "SelectStmt"]),
        ("SELECT $a1$ ; DROP TABLE x; $a1$", ["SelectStmt"]),
        ("SELECT $1; SELECT $$;$$", ["SelectStmt", "SelectStmt"]),
        ("SELECT a$b$c FROM t; SELECT 2", ["SelectStmt", "SelectStmt"]),  # $ inside an identifier opens no quote
        ("SELECT E'it\\'s; DROP TABLE orders; --' AS s", ["SelectStmt"]),
        ("SELECT E'a'\n'\\'; DROP TABLE orders; --'", ["SelectStmt"]),  # E-mode goes on over joined literals
        ("SELECT 'a\\'; DROP TABLE orders; --'", ["SelectStmt", "DropStmt"]),
        ('SELECT 1 AS "a;b"; DROP TABLE orders', ["SelectStmt", "DropStmt"]),
        ("SELECT 'a' 'b'", None),
        ("DELETEFROMorders", None),
        ("SELECT 123abc", None),
    ],
)
def test_lexical_traps(parser: Parser, text: str, expected: list[str] | None) -> None:
    if expected is None or text.startswith("SELECT 1 -- x\r"):
        with pytest.raises(NotUnderstoodError, match="not PostgreSQL"):
            parser.parse(text)
    else:
        assert tags(parser.parse(text)) == expected


def test_identifiers_are_folded_unescaped_and_cut_as_the_server_does(parser: Parser) -> None:
    assert relations(parser.parse('SELECT * FROM U&"p\\0061yments"')[0].node) == {"payments"}
    assert relations(parser.parse("SELECT * FROM U&\"p!0061yments\" UESCAPE '!'")[0].node) == {"payments"}
    assert relations(parser.parse('SELECT * FROM PayMents, "PayMents"')[0].node) == {"payments", "PayMents"}
    assert relations(parser.parse(f"SELECT * FROM {'x' * 70}")[0].node) == {"x" * 63}
    assert relations(parser.parse("SELECT * FROM tÉ")[0].node) == {"tÉ"}  # only ASCII is folded


@pytest.mark.parametrize(
    "text",
    [
        "WITH x AS (SELECT * FROM payments) SELECT 1",
        "SELECT 1 UNION SELECT 2 FROM payments",
        "SELECT 1 UNION SELECT 2 UNION SELECT 3 FROM payments",
        "SELECT (SELECT (SELECT 1 FROM payments))",
        "SELECT ROW(1, ARRAY[(SELECT 1 FROM payments)])",
        "SELECT 1 INTO payments",
        "INSERT INTO a SELECT 1 FROM b JOIN payments ON true",
        "EXPLAIN ANALYZE SELECT * FROM payments",
        "PREPARE p AS SELECT * FROM payments",
        "DECLARE c CURSOR FOR SELECT * FROM payments",
        "COPY (SELECT * FROM payments) TO STDOUT",
        "CREATE VIEW v AS SELECT * FROM payments",
        "UPDATE a SET (b, c) = (SELECT 1, 2 FROM payments)",
    ],
)
def test_nothing_is_lost_in_unwrapped_fields_and_nested_lists(parser: Parser, text: str) -> None:
    (statement,) = parser.parse(text)
    assert "payments" in relations(statement.node)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT 1\0; DROP TABLE x", "NUL"),
        (b"SELECT '\xff'", "UTF-8"),
        ("SELECT '\udcff'", "UTF-8"),
        (f"SELECT '{'x' * 65536}'", "at most 65536"),
        ("SELECT " + "(" * 201 + "1" + ")" * 201, "more than 200 deep"),
        ("SELECT " + "a[" * 201 + "1" + "]" * 201, "more than 200 deep"),
        ("SELECT 1;" * 1001, "more than 1000 statements"),
        ("SELECT " + "+-" * 400 + "1", "operator characters"),
        ("SELECT " + "/*" * 400 + "*/" * 400, "operator characters"),
        ("SELECT 'x", "unterminated"),
        ("SELECT $1x$ $1x$", "not PostgreSQL"),
        ("SELECT E'\\xff'", "not PostgreSQL"),
        ("SELECT U&'\\d800'", "not PostgreSQL"),
    ],
)
def test_what_is_refused_says_why(parser: Parser, text: str | bytes, reason: str) -> None:
    with pytest.raises(NotUnderstoodError, match=reason):
        parser.parse(text)


def test_a_syntax_error_names_the_character(parser: Parser) -> None:
    with pytest.raises(NotUnderstoodError, match=r'near "FORM" \(character 10\)'):
        parser.parse("SELECT * FORM t")


def test_brackets_in_many_rows_are_not_deep(parser: Parser) -> None:
    rows = ", ".join(f"({n}, 'a(b')" for n in range(300))
    (statement,) = parser.parse(f"INSERT INTO t VALUES {rows}")
    assert statement.tag == "InsertStmt"


CHAINS: list[Callable[[int], str]] = [
    lambda n: "SELECT " + "||".join(["a"] * n),
    lambda n: "SELECT " + "a*" * n + "a",
    lambda n: "SELECT " + "- " * n + "1",
    lambda n: "SELECT " + "not " * n + "a",
    lambda n: "SELECT a" + "::x" * n,
    lambda n: "SELECT a" + "[1]" * n,
    lambda n: "SELECT a" + " isnull" * n,
    lambda n: "SELECT a" + ' collate "C"' * n,
    lambda n: "TABLE a" + " UNION ALL TABLE a" * n,
    lambda n: "SELECT " + "CASE WHEN a THEN b ELSE " * n + "1" + " END" * n,
    lambda n: "SELECT 1 FROM a" + " NATURAL JOIN a" * n,
    lambda n: "SELECT " + "ARRAY[" * n + "1" + "]" * n,
    lambda n: "SELECT " + "(SELECT " * n + "1" + ")" * n,
    lambda n: "SELECT " + "f(" * n + "1" + ")" * n,
]


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("size", [IN_PROCESS_BYTES, 65536])
def test_no_chain_brings_the_process_down(parser: Parser, chain: Callable[[int], str], size: int) -> None:
    """Each is refused or parsed; the longer ones in a process of their own."""
    unit = len(chain(2)) - len(chain(1))
    text = chain((size - len(chain(1))) // unit)
    try:
        (statement,) = parser.parse(text)
        outcome = "parsed whole" if statement.text == text else statement.text
    except NotUnderstoodError as error:
        outcome = str(error)
    assert "deep" in outcome or "not PostgreSQL: memory exhausted" in outcome or outcome == "parsed whole"


def test_texts_parsed_in_process_need_little_stack() -> None:
    """The deepest that fits, on a stack of 3 MiB: less than half of what any thread of the gate has."""
    failures: list[object] = []

    def run() -> None:
        made = Parser(Limits(depth=IN_PROCESS_BYTES))
        for chain in CHAINS:
            unit = len(chain(2)) - len(chain(1))
            try:
                made.parse(chain((IN_PROCESS_BYTES - len(chain(1))) // unit))
            except NotUnderstoodError as error:
                failures.append(error)

    before = threading.stack_size(3 << 20)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert failures  # they ran, and the deep ones were refused rather than fatal


def test_a_crash_costs_one_verdict() -> None:
    parser = Parser(Limits(bytes=4 << 20))
    try:
        with pytest.raises(NotUnderstoodError, match="brought the parser down"):
            parser.parse("SELECT " + "||".join(["a"] * 600_000))
        (statement,) = parser.parse("SELECT '" + "x" * 20_000 + "'")
        assert statement.tag == "SelectStmt"
    finally:
        parser.close()


def test_long_texts_are_parsed_the_same_in_the_other_process(parser: Parser) -> None:
    short = "SELECT a FROM t WHERE b = 1; DELETE FROM é"
    padding = " " * IN_PROCESS_BYTES
    for near, far in zip(parser.parse(short), parser.parse(short + padding), strict=True):
        assert (near.tag, near.node, near.fingerprint) == (far.tag, far.node, far.fingerprint)


def test_a_syntax_error_in_the_other_process_is_told_as_well(parser: Parser) -> None:
    with pytest.raises(NotUnderstoodError, match=r'near "FORM" \(character 10\)'):
        parser.parse("SELECT * FORM t" + " " * IN_PROCESS_BYTES)


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    parser = Parser()
    try:
        statements = parser.parse(text)
    except NotUnderstoodError:
        return
    assert all(s.tag.endswith("Stmt") for s in statements)


WORDS = [
    "SELECT",
    "*",
    "FROM",
    "payments",
    "(",
    ")",
    ";",
    "'",
    '"',
    "$$",
    "--",
    "/*",
    "*/",
    "\n",
    "\r",
    "E'",
    "\\",
    "U&'",
    ",",
    "1",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.integers())
@settings(max_examples=200)
def test_slices_parse_on_their_own_to_the_same_statement(words: list[str], seed: int) -> None:
    parser = Parser()
    random.Random(seed).shuffle(words)
    try:
        statements = parser.parse(" ".join(words))
    except NotUnderstoodError:
        return
    for statement in statements:
        (again,) = parser.parse(statement.text)
        assert (again.tag, again.fingerprint) == (statement.tag, statement.fingerprint)
