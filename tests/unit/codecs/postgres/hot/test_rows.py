from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.row_description import DataRow
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.postgres.hot.implementations import name_of, twins
from tests.unit.codecs.postgres.strategies import values

TWINS = twins("passgate.codecs.postgres.hot._rows")
PASS, NULL = TWINS[0].PASS, TWINS[0].NULL

both = pytest.mark.parametrize("twin", TWINS, ids=name_of)


def run_of(rows: list[list[bytes | None]]) -> bytes:
    return b"".join(DataRow(values=tuple(row)).encode() for row in rows)


def cutter_of(twin: ModuleType, actions: list[int], nulls: list[bool] | None = None) -> Any:
    return twin.RowCutter(actions, max([0, *actions]) + 1, RemoteProtocolError, nulls)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[int], list[list[bytes | None]]]:
    """Actions (batch 0 shared, the others of one column each) and rows of that width."""
    kinds = draw(st.lists(st.sampled_from([PASS, NULL, 0, 1]), max_size=6))
    own = iter(range(1, 10))
    actions = [next(own) if kind == 1 else kind for kind in kinds]
    row = st.lists(values, min_size=len(actions), max_size=len(actions))
    return actions, draw(st.lists(row, max_size=6))


@both
@given(table=tables(), data=st.data())
def test_rebuilt_is_what_replacing_cell_by_cell_would_give(
    twin: ModuleType, table: tuple[list[int], list[list[bytes | None]]], data: st.DataObject
) -> None:
    actions, rows = table
    run = run_of(rows)
    cutter = cutter_of(twin, actions)
    count, cells = cutter.collect(run)
    assert count == len(rows)
    answers = [
        [data.draw(st.just(cell) | values) for cell in batch] if data.draw(st.booleans()) else batch for batch in cells
    ]
    rebuilt, masked = cutter.rebuild(run, cells, answers)

    waiting = [iter(zip(batch, answer, strict=True)) for batch, answer in zip(cells, answers, strict=True)]
    expected: list[list[bytes | None]] = []
    changed = [0] * len(actions)
    for row in rows:
        made: list[bytes | None] = []
        for column, (action, cell) in enumerate(zip(actions, row, strict=True)):
            if cell is None or action == PASS:
                made.append(cell)
            elif action == NULL:
                made.append(None)
                changed[column] += 1
            else:
                given_out, answer = next(waiting[action])
                assert given_out == cell
                made.append(answer)
                changed[column] += answer is not given_out
        expected.append(made)
    assert rebuilt == run_of(expected)
    assert masked == changed


@both
def test_a_run_in_which_nothing_changes_is_the_same_object(twin: ModuleType) -> None:
    run = run_of([[b"a", b"b"], [None, b"c"]])
    cutter = cutter_of(twin, [0, PASS])
    _, cells = cutter.collect(run)
    assert cutter.rebuild(run, cells, cells)[0] is run
    assert cutter.rebuild(run, cells, [list(cells[0])])[0] is run


@both
def test_a_prefix_ends_after_whole_rows(twin: ModuleType) -> None:
    run = run_of([[b"a"], [b"bb"], [b"ccc"]])
    cutter = cutter_of(twin, [PASS])
    assert run[: cutter.prefix(run, 2)] == run_of([[b"a"], [b"bb"]])
    assert cutter.prefix(run, 0) == 0
    assert cutter.prefix(run, 9) == len(run)


ROW = run_of([[b"abc", None]])


@both
@pytest.mark.parametrize(
    ("run", "why"),
    [
        (run_of([[b"a"]]), "1 columns, not 2"),
        (run_of([[b"a", b"b", b"c"]]), "3 columns, not 2"),
        (b"C" + ROW[1:], "something else"),
        (ROW + b"D\0\0", "something else"),
        (ROW[:-1], "cut short"),
        (b"D\0\0\0\3", "cut short"),
        (b"D\0\0\0\5\0", "cut short"),
        (b"D\xff\xff\xff\xff\0\0", "cut short"),
        (b"D\0\0\0\x0e\0\2\xff\xff\xff\xff\xff\xff\xff\xff" + b"", None),
        (b"D\0\0\0\x0f\0\2\xff\xff\xff\xff\xff\xff\xff\xffx", "1 bytes too many"),
        (b"D\0\0\0\x0e\0\2\xff\xff\xff\xff\xff\xff\xff\xfe", "negative"),
        (b"D\0\0\0\x0e\0\2\xff\xff\xff\xff\0\0\0\1", "cut short"),
        (b"D\0\0\0\x0e\0\2\x7f\xff\xff\xff\0\0\0\1", "cut short"),
        (b"D\0\0\0\x0b\0\2\xff\xff\xff\xff\0", "cut short"),
        (b"D\0\0\0\x06\xff\xff", "-1 columns"),
    ],
)
def test_a_run_that_is_not_rows_as_described_is_refused(twin: ModuleType, run: bytes, why: str | None) -> None:
    cutter = cutter_of(twin, [0, PASS])
    if why is None:
        assert cutter.collect(run) == (1, [[]])
        return
    with pytest.raises(RemoteProtocolError, match=why):
        cutter.collect(run)


@both
@given(run=st.binary(max_size=60), at=st.integers(0, 60), flip=st.integers(1, 255))
def test_any_bytes_are_rows_or_refused(twin: ModuleType, run: bytes, at: int, flip: int) -> None:
    rows = bytearray(run_of([[b"abc", None], [b"", b"defg"]]))
    rows[at % len(rows)] ^= flip
    cutter = cutter_of(twin, [0, 1])
    for candidate in (run, bytes(rows)):
        try:
            _, cells = cutter.collect(candidate)
        except RemoteProtocolError:
            continue
        assert cutter.rebuild(candidate, cells, cells)[0] == candidate


@both
@given(rows=st.lists(st.tuples(values, values, values).map(list), max_size=6))
def test_a_null_that_is_collected_is_answered_like_a_value(twin: ModuleType, rows: list[list[bytes | None]]) -> None:
    """Column 0 passes, 1 hands out its NULLs too, 2 does not."""
    run = run_of(rows)
    cutter = cutter_of(twin, [PASS, 1, 2], [False, True, False])
    _, cells = cutter.collect(run)
    assert cells[1] == [row[1] or b"" for row in rows]
    assert cells[2] == [row[2] for row in rows if row[2] is not None]
    rebuilt, masked = cutter.rebuild(run, cells, [[], [b"#"] * len(cells[1]), [None] * len(cells[2])])
    assert rebuilt == run_of([[row[0], b"#", None] for row in rows])
    assert masked == [0, len(rows), len(cells[2])]
