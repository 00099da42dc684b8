"""What each class of bypass comes down to in atoms, and that no way of writing a statement hides one of them."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.action import Action, Atom
from tests.unit.languages.sql.shop import understander, understood, words

READS = (
    "select name from customers where ssn like ' 1%'",
    "select ssn from customers",
    "select c.name from customers c join orders o on o.note = c.ssn",
    "select count(*) from customers group by ssn",
    "select name from customers order by ssn",
    "select max(ssn) from customers",
    "select ref from customer_v",
    "select row_to_json(c) from customers c",
    "select name from customers union all select ssn from customers",
    "select pg_terminate_backend(1) from orders",
    "select (select ssn from customers limit 1)",
    "select id from orders where wipe() > 1",
)
WRITES = (
    "delete from orders",
    "update customers set name = ssn where id = 1",
    "insert into orders (note) select ssn from customers",
    "delete from customers where id = 1 returning ssn",
)
NAMES = re.compile(r"\b(customers|orders|customer_v|ssn|name|id|note|ref)\b(?!\()")


def facts(atoms: tuple[Atom, ...]) -> set[tuple[str, str, str, str]]:
    """What must not get lost: verb, object, column, class. Positions may grow stricter when wrapped."""
    return {(atom.verb, str(atom.object), atom.column, atom.verb_class) for atom in atoms}


def seen(text: str) -> set[tuple[str, str, str, str]]:
    found = understood(text).actions
    assert all(action.complete for action in found), [action.gaps for action in found]
    return set().union(*(facts(action.atoms) for action in found))


def outside_quotes(text: str, change: Callable[[str], str]) -> str:
    return "".join(part if part.startswith("'") else change(part) for part in re.split(r"('[^']*')", text))


def escaped(match: re.Match[str]) -> str:
    return 'U&"' + "".join(f"\\{ord(letter):04x}" for letter in match[0]) + '"'


SPELLINGS: dict[str, Callable[[str], str]] = {
    "upper": lambda text: outside_quotes(text, str.upper),
    "comments": lambda text: outside_quotes(text, lambda part: part.replace(" ", "/* x /* ' */ */")),
    "line comments": lambda text: outside_quotes(text, lambda part: part.replace(" ", " --'\n")),
    "form feeds": lambda text: outside_quotes(text, lambda part: part.replace(" ", "\f")),
    "quoted": lambda text: outside_quotes(text, lambda part: NAMES.sub(r'"\1"', part)),
    "escaped": lambda text: outside_quotes(text, lambda part: NAMES.sub(escaped, part)),
    "among others": lambda text: f"select $q$ it's $q$; {text}; select 1",
    "semicolons": lambda text: f";;{text};;",
}
WRAPPINGS: dict[str, Callable[[str], str]] = {
    "cte": lambda text: f"with w as ({text}) select * from w",
    "cte unused": lambda text: f"with w as ({text}) select 1",
    "explain analyze": lambda text: f"explain (analyze, costs off) {text}",
    "prepare": lambda text: f"prepare p as {text}",
    "prepare and execute": lambda text: f"prepare p as {text}; execute p",
}
QUERY_WRAPPINGS: dict[str, Callable[[str], str]] = {
    "brackets": lambda text: f"(({text}))",
    "sub-select": lambda text: f"select * from ({text}) q",
    "unused": lambda text: f"select 1 from ({text}) q",
    "array": lambda text: f"select array({text})",
    "in": lambda text: f"select 1 where '1' in ({text})",
    "lateral": lambda text: f"select q.* from (values (1)) v, lateral ({text}) q",
    "function": lambda text: f"select length(({text})::text)",
    "case": lambda text: f"select case when ({text}) is null then 1 end",
    "limit": lambda text: f"select 1 limit (select 1 from ({text}) q)",
    "recursive": lambda text: f"with recursive w(a) as ({text}) select a from w",
    "declare": lambda text: f"declare c cursor for {text}",
    "except": lambda text: f"select '1' except {text}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("text", [*READS, *WRITES])
def test_no_spelling_hides_an_atom(text: str, spelling: str) -> None:
    assert seen(text) <= seen(SPELLINGS[spelling](text))


@given(
    text=st.sampled_from((*READS, *WRITES)),
    layers=st.lists(st.sampled_from([*SPELLINGS, *WRAPPINGS]), max_size=3, unique=True),
)
@settings(max_examples=150, deadline=None)
def test_no_pile_of_wrappings_hides_an_atom(text: str, layers: list[str]) -> None:
    before = seen(text)
    for layer in layers:
        text = (SPELLINGS | WRAPPINGS)[layer](text)
    found = understood(text).actions
    if all(action.complete for action in found):
        assert before <= set().union(*(facts(action.atoms) for action in found))


@given(text=st.sampled_from(READS), layers=st.lists(st.sampled_from(list(QUERY_WRAPPINGS)), min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_no_nesting_hides_an_atom(text: str, layers: list[str]) -> None:
    before = seen(text)
    for layer in layers:
        text = QUERY_WRAPPINGS[layer](text)
    found = understood(text).actions
    if all(action.complete for action in found):
        assert before <= set().union(*(facts(action.atoms) for action in found))


@pytest.mark.parametrize("wrapping", QUERY_WRAPPINGS)
def test_the_wrappings_are_understood(wrapping: str) -> None:
    """Else the properties above would say nothing."""
    assert ("select", "public.customers", "ssn", "read") in seen(QUERY_WRAPPINGS[wrapping]("select ssn from customers"))


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_wrapped_writes_are_understood(wrapping: str) -> None:
    assert any(verb == "delete" for verb, *_ in seen(WRAPPINGS[wrapping]("delete from orders returning id")))


def last(text: str) -> Action:
    return understood(text).actions[-1]


@pytest.mark.parametrize(
    ("text", "atom"),
    [
        ("dRoP/**/TaBlE orders", "drop orders"),
        ("/* a /* nested */ SELECT 1; */ TRUNCATE orders", "truncate orders"),
        ("DELETE\x0cFROM\x0corders", "delete orders"),
        ("DELETE FROM orders -- WHERE id = 1", "delete orders"),
        ("SELECT 1 --\r; DELETE FROM orders", "delete orders"),
        ("SELECT $a1$ ' $a1$; DELETE FROM orders; --'", "delete orders"),
        ("SELECT E'a'\n'\\' '; DELETE FROM orders; --'", "delete orders"),
        ("SELECT 1 AS x$$; DELETE FROM orders; SELECT 1 AS y$$", "delete orders"),
        ('SELECT * FROM U&"c\\0075stomers"', "select customers.ssn output"),
        ("WITH x AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM x", "delete orders"),
        ("MERGE INTO orders o USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE", "delete orders"),
        ("SELECT * FROM pg_read_file('/etc/passwd')", "call pg_read_file"),
        ("SELECT sum(id) OVER (PARTITION BY lo_unlink(id)) FROM orders", "call lo_unlink"),
        ("SELECT table_to_xml_and_xmlschema('customers'::regclass, true, true, '')", "select customers.ssn output"),
        ("CREATE TABLE x AS SELECT ssn FROM customers", "select customers.ssn source"),
        ("DELETE FROM customers WHERE id = 1 RETURNING *", "select customers.ssn returning"),
        ("SELECT a.name FROM customers a JOIN customers b USING (ssn)", "select customers.ssn join"),
        ("COPY customers TO STDOUT", "copy_out customers.ssn output"),
    ],
)
def test_each_class_of_bypass_is_seen_for_what_it_is(text: str, atom: str) -> None:
    found = understood(text).actions
    assert all(action.complete for action in found)
    assert atom in [word for action in found for word in words(action)]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE\xa0FROM\xa0orders", "SELECT 1\x00; DROP TABLE orders", "EXPLAIN ANALYZE EXECUTE p(1)", "MOVE FORWARD ALL IN c",
        "BASE_BACKUP (LABEL 'x')", "\\copy customers to '/x'", "SELECT $1::regclass", "FETCH c", "SELECT nosuch FROM orders",
    ],
)  # fmt: skip
def test_what_cannot_be_told_from_the_text_is_not_understood(text: str) -> None:
    assert not last(text).complete


def test_words_in_texts_and_names_are_no_verbs() -> None:
    for text in (
        "SELECT note FROM orders WHERE status IN ('deleted', 'drop table')",
        "SELECT E'it\\'s; DROP TABLE orders; --' AS s",
        'SELECT 1 AS "a; drop table orders"',
        "VALUES (1, 'grant'), (2, 'revoke')",
    ):
        (action,) = understander().understand(text).actions
        assert action.complete
        assert all(atom.verb_class == "read" for atom in action.atoms)
