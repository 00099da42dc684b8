import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres import types
from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.copy_formats import CopyFormat, CopyOptions, open_format
from passgate.codecs.postgres.copy_rows import CopyRewriter, copy_columns
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import DetectorError, LocalProtocolError, RemoteProtocolError
from passgate.core.shape import PartPlan, Plan
from tests.unit.codecs.postgres.masker import FOUND, SECRET, PlainMasker, ShortMasker
from tests.unit.codecs.postgres.strategies import chunkings, cut

MASK = PartPlan(mask=Strategy(kind=StrategyKind.REDACT))
SCAN = PartPlan(scan=True)
LEAVE = PartPlan()
TEXT = CopyOptions()
CSV = CopyOptions(format=CopyFormat.CSV)
BINARY = CopyOptions(format=CopyFormat.BINARY)
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"


def rewriter(
    options: CopyOptions,
    *columns: tuple[PartPlan, int | None],
    masker: PlainMasker | None = None,
    max_rows: int | None = None,
) -> CopyRewriter:
    return CopyRewriter(
        plan=Plan(parts=tuple(part for part, _ in columns), max_rows=max_rows),
        columns=copy_columns([oid for _, oid in columns], options),
        options=options,
        masker=masker or PlainMasker(),
    )


def run_of(*pieces: bytes) -> bytes:
    return b"".join(CopyData(data=piece).encode() for piece in pieces)


def tuple_of(*cells: bytes | None) -> bytes:
    return len(cells).to_bytes(2) + b"".join(
        b"\xff\xff\xff\xff" if cell is None else len(cell).to_bytes(4) + cell for cell in cells
    )


FIVE = (
    (MASK, types.TEXT),
    (MASK, types.INT4),
    (SCAN, types.TEXT),
    (LEAVE, types.TEXT),
    (SCAN, None),
)


def test_text_is_masked_field_by_field_and_the_rest_stays_byte_for_byte() -> None:
    seen = rewriter(TEXT, *FIVE).rewrite(
        run_of(b"a\\tb\t7\tto " + SECRET + b"\t" + SECRET + b"\\x\t\\N\n", b"\\N\t\\N\tok\t\t" + SECRET + b"\n")
    )
    assert seen.data == run_of(
        b"*a\\tb\t\\N\tto " + FOUND + b"\t" + SECRET + b"\\x\t\\N\n", b"\\N\t\\N\tok\t\t" + FOUND + b"\n"
    )
    assert (seen.rows, seen.masked, seen.dropped) == (2, (1, 1, 1, 0, 1), 0)


def test_csv_is_masked_with_its_quotes() -> None:
    options = CopyOptions(format=CopyFormat.CSV, header=True)
    seen = rewriter(options, *FIVE).rewrite(
        run_of(b"name,n,note,raw,mood\n", b'"a ""b"",c",7,"to ' + SECRET + b', and",' + SECRET + b",\n")
    )
    assert seen.data == run_of(b"name,n,note,raw,mood\n", b'"*a ""b"",c",,"to ' + FOUND + b', and",' + SECRET + b",\n")
    assert seen.rows == 1


def test_binary_is_masked_and_stays_whole() -> None:
    copied = rewriter(BINARY, *FIVE)
    seen = copied.rewrite(
        run_of(
            HEADER + tuple_of(b"ab", b"\0\0\0\7", SECRET, SECRET, SECRET),
            tuple_of(None, None, b"ok", None, b"x"),
            TRAILER,
        )
    )
    copied.finish()
    assert seen.data == run_of(
        HEADER, tuple_of(b"*ab", None, FOUND, SECRET, None), tuple_of(None, None, b"ok", None, None), TRAILER
    )
    assert (seen.rows, seen.masked) == (2, (1, 1, 1, 0, 2))


@pytest.mark.parametrize("options", [TEXT, CSV])
def test_a_row_goes_out_in_one_message_however_it_came(options: CopyOptions) -> None:
    held = rewriter(options, (MASK, types.TEXT))
    seen = [
        held.rewrite(run_of(b"on", b"e")).data,
        held.rewrite(run_of(b"\ntwo\nthr")).data,
        held.rewrite(run_of(b"ee\n")).data,
    ]
    assert seen == [b"", run_of(b"*one\n", b"*two\n"), run_of(b"*three\n")]
    held.finish()


def test_data_that_ends_inside_a_row_is_refused() -> None:
    held = rewriter(TEXT, (MASK, types.TEXT))
    assert held.rewrite(run_of(b"half a row")).data == b""
    with pytest.raises(RemoteProtocolError):
        held.finish()


def test_rows_beyond_the_limit_are_dropped_and_the_frame_stays_valid() -> None:
    limited = rewriter(BINARY, (MASK, types.TEXT), max_rows=1)
    first = limited.rewrite(run_of(HEADER + tuple_of(b"a"), tuple_of(b"b")))
    second = limited.rewrite(run_of(tuple_of(b"c"), TRAILER))
    assert first.data + second.data == run_of(HEADER, tuple_of(b"*a"), TRAILER)
    assert (first.rows, first.dropped, second.rows, second.dropped) == (1, 1, 0, 1)


def test_each_masked_column_is_one_call_a_run() -> None:
    masker = PlainMasker()
    rewriter(TEXT, (MASK, types.TEXT), (SCAN, types.TEXT), (SCAN, types.JSONB), masker=masker).rewrite(
        run_of(b'a\tb\t{"c": 1}\n', b'd\te\t{"f": "\\\\u0041"}\n')
    )
    assert masker.masked == [[b"a", b"d"]]
    assert masker.scanned == [[b"b", b"e", b'{"c": 1}', b'{"f": "A"}']]


def test_a_failing_detector_lets_nothing_through() -> None:
    with pytest.raises(DetectorError):
        rewriter(TEXT, (MASK, types.TEXT), masker=ShortMasker()).rewrite(run_of(b"a\n"))


@pytest.mark.parametrize("run", [b"D\0\0\0\4", b"d\0\0\0\3", b"d\0\0\0\7ab", b"d\0\0"])
def test_a_run_of_something_else_is_refused(run: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="something else"):
        rewriter(TEXT, (MASK, types.TEXT)).rewrite(run)


def test_a_plan_of_another_width_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        CopyRewriter(plan=Plan(parts=(MASK,)), columns=(), options=TEXT, masker=PlainMasker())


def test_a_column_whose_type_is_not_known_holds_no_mask() -> None:
    seen = rewriter(TEXT, (MASK, None), (MASK, types.TEXT)).rewrite(run_of(b"a\tb\n"))
    assert seen.data == run_of(b"\\N\t*b\n")


cells = st.none() | st.sampled_from([SECRET, b"a\t" + SECRET, b"null"]) | st.binary(max_size=8)


@pytest.mark.parametrize("options", [TEXT, CSV, BINARY], ids=lambda options: options.format)
@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=6), data=st.data())
def test_masking_any_chunking_is_masking_the_whole(
    options: CopyOptions, rows: list[tuple[bytes | None, ...]], data: st.DataObject
) -> None:
    codec = open_format(options, 3)
    stream = b"".join(codec.join([codec.encode(cell) for cell in row]) for row in rows)
    if options is BINARY:
        stream = HEADER + stream + TRAILER
    plan = ((MASK, types.TEXT), (SCAN, types.TEXT), (SCAN, None))
    whole = rewriter(options, *plan).rewrite(run_of(stream))
    for pieces in ([bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))):
        held = rewriter(options, *plan)
        assert b"".join(held.rewrite(run_of(piece)).data for piece in pieces) == whole.data
        held.finish()
    masked = [row for row in open_format(options, 3).feed(_payload(whole.data)) if row.data]
    assert len(masked) == len(rows)
    assert all(SECRET not in (field or b"") for row in masked for field in row.fields[1:])


def _payload(run: bytes) -> bytes:
    out = b""
    while run:
        end = 1 + int.from_bytes(run[1:5])
        out += run[5:end]
        run = run[end:]
    return out


@pytest.mark.parametrize(
    ("options", "rows", "masked"),
    [
        (TEXT, (b"a\t\\N\n", b"\\N\tb\n"), (b"*a\t\\N\n", b"*\t*b\n")),
        (CSV, (b"a,\n", b",b\n"), (b"*a,\n", b"*,*b\n")),
    ],
)
def test_where_nulls_are_masked_a_null_is_a_field_like_any(
    options: CopyOptions, rows: tuple[bytes, ...], masked: tuple[bytes, ...]
) -> None:
    whole = PartPlan(mask=Strategy(kind=StrategyKind.REDACT), nulls=True)
    seen = rewriter(options, (whole, types.TEXT), (MASK, types.TEXT)).rewrite(run_of(*rows))
    assert seen.data == run_of(*masked)
    assert seen.masked == (2, 1)
