import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.pipeline.protocols import Input
from passgate.policy.cases.request import Refusal, Statement
from passgate.policy.cases.wire_notation import read_wire


def bound(text: str, *values: str | None) -> Statement:
    return Statement(text=text, inputs=tuple(Input(value=value) for value in values))


@pytest.mark.parametrize(
    ("words", "statements"),
    [
        ("Query('SELECT 1')", [Statement(text="SELECT 1")]),
        ("Query('SELECT ''it''; 1') Sync", [Statement(text="SELECT 'it'; 1")]),
        ("Query(\"SELECT 'a'\") then Query('SELECT 2')", [Statement(text="SELECT 'a'"), Statement(text="SELECT 2")]),
        ("Parse(name='s1', query='DELETE FROM t') Bind(portal='', stmt='s1') Execute('')", [bound("DELETE FROM t")]),
        ("Parse('', 'SELECT $1::regclass') Bind(['payments'])", [bound("SELECT $1::regclass", "payments")]),
        (
            "Parse('SELECT $1') Bind('', '', ['a', NULL, 5]) Describe('P', '') Execute Sync",
            [bound("SELECT $1", "a", None, "5")],
        ),
        ("Parse('s', 'SELECT $1') Bind(params=['x'], stmt='s') Execute Execute", [bound("SELECT $1", "x")] * 2),
        (
            "Parse('s', 'SELECT 1') Bind('p', 's') Parse('s', 'DROP TABLE t') Execute('p')",
            [bound("SELECT 1"), Statement(text="DROP TABLE t")],
        ),
        ("Parse('s', 'SELECT 1') Execute('s')", [Statement(text="SELECT 1")]),
        ("Parse('s', 'DROP TABLE t') Sync", [Statement(text="DROP TABLE t")]),
        ("Query('COPY t FROM STDIN') CopyData*100000 CopyDone", [Statement(text="COPY t FROM STDIN")]),
        (
            "Parse('c', 'COPY t FROM STDIN') Bind('', 'c') Execute('') CopyData('1') CopyDone",
            [bound("COPY t FROM STDIN")],
        ),
        (
            "StartupMessage(user='a', database='shop', client_encoding='UTF8') Query('SELECT 1')",
            [Statement(text="SELECT 1")],
        ),
        ("SSLRequest StartupMessage(user='a') PasswordMessage('x') Query('SELECT 1')", [Statement(text="SELECT 1")]),
        ("Parse('s', 'SELECT 1') Bind('p', 's') Close('P', 'p')", []),
        ("Sync, Flush; Terminate", []),
    ],
)
def test_what_reaches_the_policy(words: str, statements: list[Statement]) -> None:
    assert list(read_wire(words)) == statements


def test_a_binary_value_is_opaque() -> None:
    found = read_wire("Parse('SELECT $1') Bind([b'\\x00\\x01', [1]]) Execute('')")
    assert found == (Statement(text="SELECT $1", inputs=(Input(value=None, opaque=True),) * 2),)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("StartupMessage(options='-c role=postgres')", "'options' is the gate's to set"),
        ("StartupMessage(user='a', replication='database')", "'replication' is the gate's to set"),
        ("StartupMessage(user='a', client_encoding='SJIS')", "UTF-8 only"),
        ("StartupMessage('a')", "have names"),
        ("BASE_BACKUP (LABEL 'x')", "Replication"),
        ("START_REPLICATION SLOT s LOGICAL 0/0", "Replication"),
        ("CancelRequest(pid=4242, secret=...)", "cancel key"),
        ("FunctionCall(oid=1, args=['x'])", "FunctionCall"),
        ("SSLRequest then plaintext Query in the same segment", "not encrypted"),
        ("SSLRequest Query('SELECT 1')", "not encrypted"),
        ("CopyData('x')", "out of order"),
        ("Query('SELECT 1') CopyDone", "out of order"),
        ("Bind('', 'gone')", "no prepared statement 'gone'"),
        ("Execute('gone')", "no portal 'gone'"),
        ("Query('SELECT 1' ", "not closed"),
        ("Query('SELECT 1", "not closed"),
        ("Query({a: 1})", "out of place"),
        ("Query(['a'])", "A text was expected"),
        ("AuthenticationOk", "not a message"),
        ("1234", "no message"),
        ("  ", "no words"),
    ],
)
def test_what_is_refused_without_asking_the_policy(words: str, reason: str) -> None:
    refusals = [part for part in read_wire(words) if isinstance(part, Refusal)]
    assert len(refusals) == 1
    assert reason in refusals[0].reason


@given(
    st.lists(
        st.sampled_from(
            ("Query", "Parse", "Bind", "(", ")", "'a'", "[", "]", ",", "=", "s", "Execute", "*3", "SSLRequest", "'")
        ),
        max_size=12,
    )
)
def test_any_words_come_to_something_or_nothing_was_sent(words: list[str]) -> None:
    for part in read_wire(" ".join(words)):
        assert isinstance(part, Statement | Refusal)
