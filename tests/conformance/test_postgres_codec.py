"""The codec against a real server: what it printed is what we print, and what we rewrote it reads back."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from passgate.codecs.postgres import types
from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.copy_formats import CopyFormat, CopyOptions
from passgate.codecs.postgres.copy_rows import CopyRewriter, copy_columns
from passgate.codecs.postgres.values import decode_parameter
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.shape import PartPlan, Plan
from passgate.testing import PostgresCluster
from tests.unit.codecs.postgres.masker import PlainMasker

MASK = PartPlan(mask=Strategy(kind=StrategyKind.REDACT))
SCAN = PartPlan(scan=True)
LEAVE = PartPlan()

TABLE = """
CREATE TEMP TABLE source (id int, note text, mail varchar, document jsonb, tags text[]);
INSERT INTO source VALUES
  (1, E'a\\tb\\\\c', 'ann@example.com', '{"e": "ann@example.com"}', '{x,ann@example.com}'),
  (2, NULL, E'q"u,o;t''e|\\nnl', '{}', NULL),
  (3, '', E'\\\\.', '[1.10]', '{}');
CREATE TEMP TABLE copied (LIKE source);
"""
TYPES = (types.INT4, types.TEXT, types.VARCHAR, types.JSONB, 1009)

COPIES = {
    "": CopyOptions(),
    "WITH (DELIMITER '|', NULL 'NULL')": CopyOptions(delimiter=b"|", null=b"NULL"),
    "WITH (FORMAT csv, HEADER)": CopyOptions(format=CopyFormat.CSV, header=True),
    "WITH (FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\\', NULL 'x')": CopyOptions(
        format=CopyFormat.CSV, delimiter=b";", quote=b"'", escape=b"\\", null=b"x"
    ),
    "WITH (FORMAT binary)": CopyOptions(format=CopyFormat.BINARY),
}


@pytest.fixture(scope="module")
def connection() -> Iterator[psycopg.Connection]:
    with (
        tempfile.TemporaryDirectory(
            prefix="passgate-conformance-"
        ) as folder,  # the server's own user must be able to enter it
        PostgresCluster.start(Path(folder)) as cluster,
        psycopg.connect(cluster.dsn(), autocommit=True) as opened,
    ):
        opened.execute("SET timezone = 'UTC'")
        opened.execute(TABLE)
        yield opened


def copied(
    connection: psycopg.Connection, how: str, plan: tuple[PartPlan, ...]
) -> tuple[bytes, bytes, list[tuple[object, ...]]]:
    """What the server sent, what we made of it, and the rows that the server reads from that."""
    options = COPIES[how]
    rewriter = CopyRewriter(
        plan=Plan(parts=plan), columns=copy_columns(TYPES, options), options=options, masker=PlainMasker()
    )
    sent, rewritten = b"", b""
    with connection.cursor().copy(sql.SQL("COPY source TO STDOUT " + how)) as out:
        for piece in out:
            sent += bytes(piece)
            run = rewriter.rewrite(CopyData(data=bytes(piece)).encode()).data
            while run:
                end = 1 + int.from_bytes(run[1:5])
                rewritten += run[5:end]
                run = run[end:]
    rewriter.finish()
    connection.execute("TRUNCATE copied")
    with connection.cursor().copy(sql.SQL("COPY copied FROM STDIN " + how)) as back:
        back.write(rewritten)
    return sent, rewritten, connection.execute("SELECT * FROM copied ORDER BY id").fetchall()


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_that_nothing_is_done_to_is_byte_for_byte_the_servers(connection: psycopg.Connection, how: str) -> None:
    sent, rewritten, _ = copied(connection, how, (LEAVE,) * 5)
    assert rewritten == sent


@pytest.mark.parametrize("how", COPIES)
def test_a_masked_copy_is_valid_and_masked(connection: psycopg.Connection, how: str) -> None:
    _, _, rows = copied(connection, how, (MASK, MASK, MASK, MASK, MASK))
    assert set(rows) == {
        (None, "*a\tb\\c", "*ann@example.com", '*{"e": "ann@example.com"}', None),
        (None, None, "*q\"u,o;t'e|\nnl", "*{}", None),
        (None, "*", "*\\.", "*[1.10]", None),
    }


@pytest.mark.parametrize("how", COPIES)
def test_a_scanned_copy_is_valid_and_holds_no_finding(connection: psycopg.Connection, how: str) -> None:
    _, rewritten, rows = copied(connection, how, (LEAVE, SCAN, SCAN, SCAN, SCAN))
    assert b"ann@example.com" not in rewritten
    tags = None if COPIES[how].format is CopyFormat.BINARY else ["x", "<EMAIL>"]
    assert rows == [
        (1, "a\tb\\c", "<EMAIL>", {"e": "<EMAIL>"}, tags),
        (2, None, "q\"u,o;t'e|\nnl", {}, None),
        (3, "", "\\.", [1.1], []),
    ]


EXPRESSIONS = """
true
32767::int2
(-9223372036854775807)::int8
42::oid
1e15::float8
(-1.5e-310)::float8
0.1::float4
16777216::float4
12345678901234567890.123456789
0.00
'NaN'::numeric
(-10000.0001)
'h\u00e9llo'::text
'{"b": 1, "a": "x"}'::jsonb
'\\x00ff'::bytea
'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid
'1969-12-31'::date
'infinity'::timestamp
'0001-01-01 00:00:00.5'::timestamp
'2024-02-29 12:34:56+02'::timestamptz
'24:00:00'::time
'01:02:03+05:30'::timetz
'-1 year -2 mons +3 days -04:05:06.7'::interval
'{{1,2},{3,NULL}}'::int4[]
array['a', 'b c', 'NULL', '', null, 'q"\\x', '{', E'\\t']
array['2024-01-01 00:00:00'::timestamp]
""".strip().splitlines()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_binary_value_is_printed_as_the_server_prints_it(connection: psycopg.Connection, expression: str) -> None:
    printed = {}
    for binary in (False, True):
        cursor = connection.cursor(binary=binary)
        cursor.execute(sql.SQL("SELECT " + expression))
        result = cursor.pgresult
        assert result is not None
        printed[binary] = result.get_value(0, 0), result.ftype(0)
    text, _ = printed[False]
    value, oid = printed[True]
    assert text is not None
    assert decode_parameter(value, oid, 1).text == text.decode()
