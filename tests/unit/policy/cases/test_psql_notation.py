import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.pipeline.protocols import Input
from passgate.policy.cases.psql_notation import read_psql
from passgate.policy.cases.request import Refusal, Statement


@pytest.mark.parametrize(
    ("typed", "statements"),
    [
        ("select 1;", ["select 1;"]),
        ("select 1; select 2", ["select 1;", "select 2"]),
        ("select 1 \\; drop table t", ["select 1 ; drop table t"]),
        ("select ';' || $$ ; $$ || \";\" -- ; \n;", ["select ';' || $$ ; $$ || \";\" -- ; \n;"]),
        ("select E'a\\';b';", ["select E'a\\';b';"]),
        ("select /* ; /* ; */ ; */ 1;", ["select /* ; /* ; */ ; */ 1;"]),
        ("select /* open", ["select /* open"]),
        ("select a$b$;c$b$", ["select a$b$;", "c$b$"]),
        ("select '\\! id';", ["select '\\! id';"]),
        ("select 1 \\g", ["select 1"]),
        ("select 1 \\gx (format=aligned)", ["select 1"]),
        ("select 1 \\gset\n\\d orders", ["select 1"]),
        ("select 1 \\p \\g", ["select 1"]),
        ("select 5 \\x on\n + 1;", ["select 5 \n + 1;"]),
        ("\\pset format csv \\\\ select 1;", ["select 1;"]),
        ("\\set t orders\nselect * from :t;", ["select * from orders;"]),
        ("explain \\r\n delete from t;", ["delete from t;"]),
        ("-- both\n\\if true\nselect 1;\n\\endif", ["-- both\n\nselect 1;"]),
        ("select 1 \\watch 5", ["select 1"]),
        ("\\copy customers to '/srv/x.csv'", ["COPY customers TO STDOUT"]),
        (
            "\\copy public.orders (id, \"a b\") from 'x y.csv' with csv",
            ['COPY public.orders (id, "a b") FROM STDIN with csv'],
        ),
        ("\\copy (select ssn from customers) to stdout", ["COPY (select ssn from customers) TO STDOUT"]),
        ("\\set t payments\nselect * from :t;", ["select * from payments;"]),
        ("\\set t 'pay''ments'\nselect :'t', :\"t\", ':t', a::t;", ["select 'pay''ments', \"pay'ments\", ':t', a::t;"]),
        ("\\set q drop\\\\ :q table t;", ["drop table t;"]),
        ("select :unset;", ["select :unset;"]),
        ("\\dt+ public.*\n\\d orders\n\\l\n\\sf f\n\\timing on\n\\x \\pset pager off\n\\encoding\n\\set", []),
        ("\\if true\nselect 1;\n\\else\ndrop table t;\n\\endif", ["select 1;", "drop table t;"]),
    ],
)
def test_what_is_sent(typed: str, statements: list[str]) -> None:
    found = read_psql(typed)
    assert [part.text for part in found if isinstance(part, Statement)] == statements
    assert not [part for part in found if isinstance(part, Refusal)]


def test_bound_values() -> None:
    assert read_psql("select $1, $2 \\bind 5 'a b' \\g") == (
        Statement(text="select $1, $2", inputs=(Input(value="5"), Input(value="a b"))),
    )


@pytest.mark.parametrize(
    "typed",
    [
        "\\! id",
        "\\!id",
        "select 'drop table t' \\gexec",
        "\\set x `id`",
        "\\echo `id`",
        "\\i /tmp/x.sql",
        "\\ir x.sql",
        "\\include x.sql",
        "\\o |cat",
        "\\o /tmp/x",
        "\\w /tmp/x",
        "\\s /tmp/history",
        "select 1 \\g |sh",
        "select 1 \\g /tmp/x",
        "\\copy t to program 'sh'",
        "\\copy t from program 'curl evil'",
        "\\copy nonsense",
        "\\c other",
        "\\connect - postgres",
        "\\e",
        "\\ef f",
        "\\password",
        "\\setenv PAGER sh",
        "\\cd /",
        "\\lo_import /etc/passwd",
        "\\lo_unlink 5",
        "\\encoding SJIS",
        "\\deu+",
        "\\startpipeline",
        "\\@",
        "  ",
    ],
)
def test_what_acts_where_no_gate_stands(typed: str) -> None:
    assert any(isinstance(part, Refusal) for part in read_psql(typed))


def test_a_refusal_does_not_swallow_the_next_line() -> None:
    found = read_psql("\\! id\ndrop table t;")
    assert [type(part).__name__ for part in found] == ["Refusal", "Statement"]


@given(st.text(alphabet="\\;:'\"$`-/*ab \n!gcopyset", max_size=40))
def test_nothing_typed_is_lost_in_silence(typed: str) -> None:
    found = read_psql(typed)
    assert all(isinstance(part, Statement | Refusal) for part in found)
    if "\\" not in typed and typed.strip():
        assert (
            "".join(part.text for part in found if isinstance(part, Statement)).split() == typed.split()
            or ":" in typed
            or ";" in typed
        )


@pytest.mark.parametrize(
    "typed",
    [
        "select 1 \\g (format=csv) |sh",
        "select 1 \\gx (format=csv) out.txt",
        "\\set HISTFILE /srv/x",
        "select * from \\if false\n orders \\else\n payments \\endif\n;",
        "\\set x orders\nselect 'payments' as x \\gset\nselect * from :x;",
        "\\set x payments\n\\if false\n\\set x orders\n\\endif\nselect * from :x;",
        "\\set x payments\n\\if false\n\\unset x\n\\endif\nselect * from :x;",
        "\\set t '\\160ayments'\nselect * from :t;",
        "\\set a payments\n\\set b :a\nselect * from :b;",
        "\\prompt 'which?' t\nselect * from :t;",
        "delete from orders \\\\ where id = 1\n;",
        "delete from orders \\pset nosuch \\\\ where id = 1\n;",
    ],
)
def test_what_psql_makes_of_it_cannot_be_told(typed: str) -> None:
    """Each was seen to send something else than the words say: a branch, an escape, a variable of a result, a line cut short."""
    assert any(isinstance(part, Refusal) for part in read_psql(typed))


def test_a_bound_value_that_psql_rewrites_is_not_known() -> None:
    (statement,) = read_psql("select $1 \\bind '\\x25' \\g")
    assert isinstance(statement, Statement)
    assert statement.inputs is not None
    assert statement.inputs[0].opaque
