"""Where a text may be cut, and what a probe must show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import NotUnderstoodError
from passgate.implementation import COMPILED
from passgate.languages.sql import templates
from passgate.languages.sql.language import SqlUnderstander
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.templates import Probe, cut
from passgate.pipeline.protocols import Understood
from tests.unit.languages.sql.shop import understander


def third(text: str, *before: str) -> tuple[SqlUnderstander, Understood]:
    """Understood after two others."""
    session = understander()
    for one in before or (text, text):
        session.understand(one)
    return session, session.understand(text)


def like(text: str, *before: str) -> bool:
    return third(text, *before)[1].like is not None


def test_a_text_is_cut_at_its_literals() -> None:
    assert cut(b"SELECT a1 FROM t WHERE b = 12 AND c = 'x y'") == [
        b"SELECT a1 FROM t WHERE b = ", b"0", b" AND c = ", b"'", b"",
    ]  # fmt: skip
    assert cut(b'SELECT "a 1" FROM t WHERE b=5-3') == [
        b"SELECT ", b'"a 1"', b" FROM t WHERE b=", b"0", b"-", b"0", b"",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1.5", "SELECT 1e3", "SELECT 0x1F", "SELECT .5", "SELECT 5.", "SELECT 1_000", "SELECT $1", "SELECT a1",
        "SELECT 1000000000", "SELECT E'a'", "SELECT N'a'", "SELECT U&'a'", "SELECT b'1'", "SELECT _x'a', 1", "SELECT 1'a'",
        "SELECT 'it''s'", "SELECT ''", "SELECT 'a\\'", "SELECT $$a$$, 1", "SELECT $a$1$a$", "SELECT 1 -- x", "SELECT 1 /* x */",
        "SELECT 1, 'a", 'SELECT 1, "a', "SELECT E'a ' ' x', 1", "SELECT é'a'", "SELECT 1\0", "SELECT now()",
        "SELECT " + "1," * 5000,
    ],
)  # fmt: skip
def test_what_is_not_plain_is_not_cut(text: str) -> None:
    parts = cut(text.encode())
    assert parts is None or b"0" not in parts[1::2]
    assert parts is None or b"'" not in parts[1::2] or text == "SELECT ''"


@given(
    st.text(alphabet="ab1'\"$-/*\\ E&;.\n\0é", max_size=40),
    st.integers(0, 999_999_999),
    st.text(alphabet="ab1-; \n$", max_size=5),
)
def test_a_cut_text_is_its_parts_with_the_literals_between(text: str, number: int, word: str) -> None:
    """Another value in a place leaves the cut as it is."""
    parts = cut(text.encode())
    if parts is None:
        return
    other = list(parts)
    for place in range(1, len(other), 2):
        other[place] = {b"0": b"%d" % number, b"'": f"'{word}'".encode()}.get(other[place], other[place])
    assert cut(b"".join(other)) == parts


@pytest.mark.parametrize(
    "text",
    [
        "SELECT note FROM orders WHERE id = 7",
        "SELECT note FROM orders WHERE note = 'a' AND id = 7;",
        "  SELECT count(*) FROM orders WHERE id = -3",
        'SELECT "note" FROM orders WHERE id IN (1, 2, 3)',
        "INSERT INTO orders (id, note) VALUES (1, 'x')",
        "UPDATE orders SET note = 'x' WHERE id = 1",
    ],
)
def test_a_third_text_is_understood_by_template(text: str) -> None:
    other = text.replace("7", "8").replace("'x'", "'yy'").replace("'a'", "'bbbb'")
    session, found = third(other, text, text)
    assert found.like is not None
    (action,) = found.actions
    assert action == understander().understand(other).actions[0]
    assert action.text == other.rstrip(";").lstrip() or action.text == other.rstrip(";")
    assert session.understand(text).actions == understander().understand(text).actions


@pytest.mark.parametrize(
    "text",
    [
        "SELECT note FROM orders ORDER BY 1",  # which column
        "SELECT id FROM orders GROUP BY 1",
        "DELETE FROM orders WHERE id > 5",  # whether it narrows
        "DELETE FROM orders WHERE 1 = 1",
        "SELECT 'orders'::regclass",  # a name
        "SELECT set_config('work_mem', '1', false)",
        "SELECT repeat('x', 10)",  # how much
        "SELECT 1::float(24)",  # the grammar itself looks
        "SET work_mem = 5",  # no kind of statement that has templates
        "SELECT 1; SELECT 2",
        "SELECT nothing FROM nowhere WHERE id = 1",  # not understood
    ],
)
def test_what_a_value_decides_is_understood_each_time(text: str) -> None:
    assert not like(text)


def test_another_meaning_of_names_forgets() -> None:
    session = understander()
    text = "SELECT note FROM orders WHERE id = 1"
    for _ in range(2):
        session.understand(text)
    assert session.understand(text).like is not None
    session._memory.shadow("orders")
    found = session.understand(text)
    assert found.like is None
    assert not found.actions[0].complete


def test_templates_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_MOST", 3)
    session = understander()
    for place in range(10):
        for _ in range(3):
            session.understand(f"SELECT note AS n{place} FROM orders WHERE id = 1")
    assert len(session._templates._known) <= 3
    assert len(session._templates._once) <= 3


def test_what_reads_a_tree_is_not_compiled() -> None:
    """Compiled code would read a value past its watch."""
    language = {name for name in COMPILED if name.startswith("passgate.languages.")}
    assert language <= {"passgate.languages.sql.language"}


def test_whoever_looks_at_a_value_is_seen() -> None:
    looks = (
        lambda node: node["ival"], lambda node: node.get("ival"), lambda node: "ival" in node, dict,
        lambda node: {**node}, lambda node: [*node], str, lambda node: repr([node]), lambda node: node == {},
        lambda node: node != {}, bool, len, lambda node: node.items(), lambda node: node | {},
        lambda node: node.copy(), lambda node: f"{node}", lambda node: next(reversed(node), None),
    )  # fmt: skip
    for look in looks:
        parts = cut(b"SELECT 1")
        assert parts is not None
        probe = Probe(parts)
        (statement,) = Parser().parse(probe.data)
        assert probe.watch(statement)
        assert probe.unseen
        look(statement.node["targetList"][0]["ResTarget"]["val"]["A_Const"]["ival"])  # type: ignore[no-untyped-call]
        assert not probe.unseen


@pytest.mark.parametrize("text", [b"SELECT 'a' 'b'", b"SELECT 'a'\n'b'", b"NOTIFY a, 'b'", b"SELECT 1::float(3)"])
def test_a_value_that_is_not_a_constant_of_its_own_proves_nothing(text: bytes) -> None:
    parts = cut(text)
    assert parts is not None
    probe = Probe(parts)
    try:
        (statement,) = Parser().parse(probe.data)
    except NotUnderstoodError:
        return  # nor does one with which the text is none
    assert not probe.watch(statement)
