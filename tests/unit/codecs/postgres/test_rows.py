from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres import types
from passgate.codecs.postgres.framing import BackendLimits, backend_splitter
from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.codecs.postgres.rows import RowRewriter
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import DetectorError, LocalProtocolError, RemoteProtocolError
from passgate.core.shape import PartPlan, Plan
from tests.unit.codecs.postgres.masker import FOUND, SECRET, PlainMasker, ShortMasker
from tests.unit.codecs.postgres.strategies import chunkings, cut

MASK = PartPlan(mask=Strategy(kind=StrategyKind.REDACT))
SCAN = PartPlan(scan=True)
LEAVE = PartPlan()


def run_of(*rows: tuple[bytes | None, ...]) -> bytes:
    return b"".join(DataRow(values=row).encode() for row in rows)


def rows_in(run: bytes) -> list[tuple[bytes | None, ...]]:
    rows = []
    while run:
        end = 1 + int.from_bytes(run[1:5])
        rows.append(DataRow.parse(run[5:end]).values)
        run = run[end:]
    return rows


def rewriter(
    *columns: tuple[PartPlan, int, int],
    masker: PlainMasker | None = None,
    max_rows: int | None = None,
    text_like: frozenset[int] = frozenset(),
) -> RowRewriter:
    return RowRewriter(
        plan=Plan(parts=tuple(part for part, _, _ in columns), max_rows=max_rows),
        description=RowDescription(
            fields=tuple(FieldDescription(name="c", type=oid, format=form) for _, oid, form in columns)
        ),
        masker=masker or PlainMasker(),
        text_like=text_like,
    )


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(
    ("part", "oid", "cell", "expected"),
    [
        (MASK, types.TEXT, b"ann", b"*ann"),
        (MASK, types.VARCHAR, b"", b"*"),
        (MASK, types.INT4, b"\0\0\0\7", None),
        (MASK, types.NUMERIC, b"12", None),
        (MASK, types.BOOL, b"t", None),
        (MASK, types.TIMESTAMP, b"2024", None),
        (MASK, types.UUID, b"a0ee", None),
        (MASK, types.BYTEA, b"\\xff", None),
        (MASK, 1009, b"{a,b}", None),
        (MASK, 2249, b"(a,b)", None),
        (MASK, 3904, b"[1,2)", None),
        (MASK, types.XML, b"<a/>", None),
        (MASK, 999999, b"sad", None),
        (SCAN, types.TEXT, b"mail " + SECRET, b"mail " + FOUND),
        (SCAN, types.TEXT, b"nothing", b"nothing"),
        (SCAN, types.INT4, b"\0\0\0\7", b"\0\0\0\7"),
        (SCAN, types.TIMESTAMP, b"2024", b"2024"),
        (LEAVE, types.TEXT, SECRET, SECRET),
        (LEAVE, 999999, SECRET, SECRET),
    ],
)
def test_a_cell_by_plan_and_type_in_both_formats(
    part: PartPlan, oid: int, cell: bytes, expected: bytes | None, form: int
) -> None:
    seen = rewriter((part, oid, form)).rewrite(run_of((cell,), (None,)))
    assert rows_in(seen.data) == [(expected,), (None,)]
    assert seen.rows == 2
    assert seen.masked == (0 if expected == cell else 1,)


def test_a_scan_of_an_unknown_type_reads_text_and_hides_binary() -> None:
    run = run_of((SECRET, SECRET), (b"ok", b"ok"))
    seen = rewriter((SCAN, 999999, 0), (SCAN, 999999, 1)).rewrite(run)
    assert rows_in(seen.data) == [(FOUND, None), (b"ok", None)]
    assert seen.masked == (1, 2)


def test_an_enum_known_from_the_catalog_is_read_in_binary_too() -> None:
    seen = rewriter((SCAN, 999999, 1), (MASK, 999999, 1), text_like=frozenset({999999})).rewrite(run_of((b"ok", b"ok")))
    assert rows_in(seen.data) == [(b"ok", b"*ok")]


def test_a_binary_jsonb_is_masked_behind_its_version() -> None:
    seen = rewriter((MASK, types.JSONB, 1), (SCAN, types.JSONB, 1)).rewrite(
        run_of((b'\x01{"a": 1}', b'\x01{"e": "' + SECRET + b'"}'))
    )
    assert rows_in(seen.data) == [(b'\x01"*{\\"a\\": 1}"', b'\x01{"e": "' + FOUND + b'"}')]


def test_each_masked_column_is_one_call_a_run() -> None:
    masker = PlainMasker()
    rewriter(
        (MASK, types.TEXT, 0), (SCAN, types.TEXT, 0), (MASK, types.TEXT, 0), (SCAN, types.TEXT, 0), masker=masker
    ).rewrite(run_of((b"a", b"b", b"c", b"d"), (b"e", None, None, b"f")))
    assert masker.masked == [[b"a", b"e"], [b"c"]]
    assert masker.scanned == [[b"b", b"d", b"f"]]


def test_a_run_in_which_nothing_is_found_is_forwarded_as_it_came() -> None:
    run = run_of((b"a",), (b"b",))
    assert rewriter((SCAN, types.TEXT, 0)).rewrite(run).data is run


def test_rows_beyond_the_limit_are_dropped_and_counted_over_all_runs() -> None:
    limited = rewriter((MASK, types.TEXT, 0), max_rows=3)
    seen = [limited.rewrite(run_of((b"a",), (b"b",))) for _ in range(3)]
    assert [(one.rows, one.dropped, one.masked) for one in seen] == [(2, 0, (2,)), (1, 1, (1,)), (0, 2, (0,))]
    assert rows_in(seen[1].data) == [(b"*a",)]
    assert seen[2].data == b""


def test_values_that_are_dropped_are_not_shown_to_anyone() -> None:
    masker = PlainMasker()
    rewriter((SCAN, types.TEXT, 0), max_rows=1, masker=masker).rewrite(run_of((b"a",), (b"b",)))
    assert masker.scanned == [[b"a"]]


@pytest.mark.parametrize("row", [(b"a",), (b"a", b"b", b"c"), ()])
def test_another_number_of_columns_is_refused(row: tuple[bytes, ...]) -> None:
    with pytest.raises(RemoteProtocolError, match="columns"):
        rewriter((LEAVE, types.TEXT, 0), (MASK, types.TEXT, 0)).rewrite(run_of(row))


def test_a_dropped_row_must_be_a_row_all_the_same() -> None:
    with pytest.raises(RemoteProtocolError):
        rewriter((LEAVE, types.TEXT, 0), max_rows=1).rewrite(run_of((b"a",), (b"a", b"b")))


def test_a_failing_detector_lets_nothing_through() -> None:
    with pytest.raises(DetectorError):
        rewriter((MASK, types.TEXT, 0), masker=ShortMasker()).rewrite(run_of((b"a",)))


def test_a_plan_for_another_result_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        RowRewriter(plan=Plan(parts=(MASK,)), description=RowDescription(fields=()), masker=PlainMasker())


def test_the_names_of_columns_and_when_they_were_described_do_not_matter() -> None:
    """A rewriter holds its plan: a driver that describes once and executes later, or an alias, changes nothing."""
    held = rewriter((MASK, types.TEXT, 0))
    assert [rows_in(held.rewrite(run_of((b"x",))).data) for _ in range(2)] == [[(b"*x",)]] * 2


cells = st.none() | st.sampled_from([SECRET, b"a " + SECRET + b" b", b"null"]) | st.binary(max_size=12)


@given(st.lists(st.tuples(cells, cells, cells), max_size=12), st.data())
def test_masking_any_chunking_is_masking_the_whole(rows: list[tuple[bytes | None, ...]], data: st.DataObject) -> None:
    stream = run_of(*rows)
    plan = ((MASK, types.TEXT, 0), (SCAN, types.TEXT, 0), (SCAN, 999999, 1))
    whole = rewriter(*plan).rewrite(stream)
    for pieces in ([bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))):
        splitter = backend_splitter(BackendLimits().table())
        held = rewriter(*plan)
        out = b""
        for piece in pieces:
            splitter.feed(piece)
            while (frame := splitter.next()) is not None:
                out += held.rewrite(frame.data).data
        assert out == whole.data
    assert SECRET not in b"".join(cell or b"" for row in rows_in(whole.data) for cell in row[1:])


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(
    ("oid", "cell", "mask"),
    [
        (types.TEXT, b"ann", b"[REDACTED]"),
        (types.JSON, b'"ann"', b'"[REDACTED]"'),
        (types.JSONB, b'"ann"', b'"[REDACTED]"'),
        (types.INT4, b"\0\0\0\7", None),
        (types.BYTEA, b"ann", None),
    ],
)
def test_where_nulls_are_masked_a_null_looks_like_any_value(
    form: int, oid: int, cell: bytes, mask: bytes | None
) -> None:
    version = b"\1" if oid == types.JSONB and form else b""
    whole = PartPlan(mask=Strategy(kind=StrategyKind.REDACT), nulls=True)
    asked = rewriter((LEAVE, types.TEXT, form), (whole, oid, form), (MASK, types.TEXT, form), masker=ConstantMasker())
    seen = asked.rewrite(run_of((b"a", version + cell, None), (None, None, b"x"), (b"b", None, None)))
    expected = None if mask is None else version + mask
    shown = (None, expected, b"[REDACTED]")
    assert rows_in(seen.data) == [(b"a", expected, None), shown, (b"b", expected, None)]


class ConstantMasker(PlainMasker):
    """As the gate's own one redacts: whatever the value was."""

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        return [b"[REDACTED]"] * len(values)
