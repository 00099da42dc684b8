import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.cells import CellMasker, Column
from passgate.codecs.postgres.hot._rows import NULL, PASS
from passgate.codecs.postgres.types import Carrier
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import DetectorError, LocalProtocolError, RemoteProtocolError
from passgate.core.shape import PartPlan, Plan, ValueKind
from tests.unit.codecs.postgres.masker import FOUND, SECRET, PlainMasker, ShortMasker, StrayMasker

MASK = PartPlan(mask=Strategy(kind=StrategyKind.REDACT))
SCAN = PartPlan(scan=True)
LEAVE = PartPlan()


def one(part: PartPlan, kind: ValueKind, carrier: Carrier, masker: PlainMasker | None = None) -> CellMasker:
    return CellMasker(
        plan=Plan(parts=(part,)), columns=[Column(kind=kind, carrier=carrier)], masker=masker or PlainMasker()
    )


def answered(part: PartPlan, kind: ValueKind, carrier: Carrier, cell: bytes) -> bytes | None:
    masker = one(part, kind, carrier)
    batches: list[list[bytes]] = [[] for _ in range(masker.batches)]
    batches[masker.actions[0]].append(cell)
    return masker.answer(batches)[masker.actions[0]][0]


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize("kind", ValueKind)
def test_a_mask_goes_where_it_fits_and_null_everywhere_else(kind: ValueKind, carrier: Carrier) -> None:
    plain_text = kind is ValueKind.TEXT and carrier is Carrier.PLAIN
    fits = plain_text or carrier in (Carrier.JSON, Carrier.JSONB)
    assert (one(MASK, kind, carrier).actions[0] >= 0) == fits
    if not fits:
        assert one(MASK, kind, carrier).actions == [NULL]


def test_the_null_strategy_asks_nobody() -> None:
    part = PartPlan(mask=Strategy(kind=StrategyKind.NULL))
    assert one(part, ValueKind.TEXT, Carrier.PLAIN).actions == [NULL]


@pytest.mark.parametrize(
    ("carrier", "action"),
    [(Carrier.INERT, PASS), (Carrier.OPAQUE, NULL), (Carrier.PLAIN, 0), (Carrier.HEX, 1), (Carrier.JSONB, 1)],
)
def test_a_scan_looks_where_text_can_be(carrier: Carrier, action: int) -> None:
    assert one(SCAN, ValueKind.STRUCTURED, carrier).actions == [action]


def test_what_is_not_planned_passes() -> None:
    assert one(LEAVE, ValueKind.TEXT, Carrier.PLAIN).actions == [PASS]


def test_a_masked_document_is_a_string() -> None:
    masked = answered(MASK, ValueKind.STRUCTURED, Carrier.JSON, b'{"a": "b"}')
    assert masked is not None
    assert json.loads(masked) == '*{"a": "b"}'


def test_a_masked_jsonb_keeps_its_version() -> None:
    masked = answered(MASK, ValueKind.STRUCTURED, Carrier.JSONB, b'\x01{"a": "b"}')
    assert masked is not None
    assert masked[:1] == b"\x01"
    assert json.loads(masked[1:]) == '*{"a": "b"}'


def test_a_jsonb_of_another_version_is_refused() -> None:
    for part in (MASK, SCAN):
        with pytest.raises(RemoteProtocolError, match="version"):
            answered(part, ValueKind.STRUCTURED, Carrier.JSONB, b"\x02{}")


@pytest.mark.parametrize(
    "cell",
    [
        b'{"e": "ann@example.com"}',
        b'{"e": "ann\\u0040example.com"}',
        b'{"e": "\\u0061nn@example.com", "x": "\\u0022\\ud83d\\ude00\\n\\\\u0040"}',
    ],
)
def test_no_escape_hides_a_value_from_a_scan(cell: bytes) -> None:
    """``a\\u0040b`` is the same value as ``a@b`` to whoever reads the document."""
    found = answered(SCAN, ValueKind.STRUCTURED, Carrier.JSON, cell)
    assert found is not None
    assert SECRET not in found
    before, after = json.loads(cell), json.loads(found)
    assert after == before | {"e": FOUND.decode()}


def test_an_escaped_slash_hides_nothing_either() -> None:
    masker = PlainMasker()
    one(SCAN, ValueKind.STRUCTURED, Carrier.JSON, masker).answer([[], [b'"a\\/b"']])
    assert masker.scanned == [[b'"a/b"']]


def test_a_finding_that_breaks_the_document_makes_it_a_string() -> None:
    class Greedy(PlainMasker):
        def scan(self, values: object) -> dict[int, bytes]:
            return {0: b'{"a": <EMAIL>'}

    masker = one(SCAN, ValueKind.STRUCTURED, Carrier.JSONB, Greedy())
    assert masker.answer([[], [b'\x01{"a": 1}']])[1] == [b'\x01"{\\"a\\": <EMAIL>"']


def test_a_document_too_deep_to_check_is_a_string() -> None:
    deep = b"[" * 100_000 + b'"ann@example.com"' + b"]" * 100_000
    found = answered(SCAN, ValueKind.STRUCTURED, Carrier.JSON, deep)
    assert found is not None
    assert found.startswith(b'"[[')


@pytest.mark.parametrize(
    ("carrier", "cell"),
    [
        (Carrier.BYTES, b"\xff" + SECRET),
        (Carrier.HEX, b"\\x" + SECRET.hex().encode()),
        (Carrier.HEX, b"\\377" + SECRET),
        (
            Carrier.TEXT_ARRAY,
            bytes.fromhex("00000001 00000001 00000019 00000002 00000001 ffffffff") + b"\0\0\0\x0f" + SECRET,
        ),
    ],
)
def test_a_finding_in_what_cannot_hold_a_mask_hides_the_whole_value(carrier: Carrier, cell: bytes) -> None:
    assert answered(SCAN, ValueKind.STRUCTURED, carrier, cell) is None


@pytest.mark.parametrize(
    ("carrier", "cell"),
    [
        (Carrier.BYTES, b"\xff\0"),
        (Carrier.HEX, b"\\xff00"),
        (Carrier.TEXT_ARRAY, bytes.fromhex("00000000 00000000 00000019")),
        (Carrier.TEXT_ARRAY, bytes.fromhex("00000001 00000000 00000019 00000001 00000001 00000001 61")),
        (Carrier.JSON, b'{"a\\n": 1.10}'),
    ],
)
def test_what_holds_nothing_stays_byte_for_byte(carrier: Carrier, cell: bytes) -> None:
    assert answered(SCAN, ValueKind.STRUCTURED, carrier, cell) is cell


@pytest.mark.parametrize(
    ("carrier", "cell"),
    [
        (Carrier.HEX, b"\\xzz"),
        (Carrier.HEX, b"\\x\xff\xff"),
        (Carrier.TEXT_ARRAY, b""),
        (Carrier.TEXT_ARRAY, bytes.fromhex("00000001 00000000 00000019 00ffffff 00000001")),
        (Carrier.TEXT_ARRAY, bytes.fromhex("00000000 00000000 00000019 61")),
    ],
)
def test_a_cell_that_is_not_of_its_type_is_refused(carrier: Carrier, cell: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        answered(SCAN, ValueKind.STRUCTURED, carrier, cell)


def test_all_scanned_cells_go_in_one_call_and_each_masked_column_in_one() -> None:
    masker = PlainMasker()
    text, document = (
        Column(kind=ValueKind.TEXT, carrier=Carrier.PLAIN),
        Column(kind=ValueKind.STRUCTURED, carrier=Carrier.JSON),
    )
    cells = CellMasker(
        plan=Plan(parts=(SCAN, MASK, SCAN, MASK, SCAN)), columns=[text, text, document, text, text], masker=masker
    )
    assert cells.actions == [0, 1, 2, 3, 0]
    answers = cells.answer([[b"a", SECRET], [b"m"], [b'"' + SECRET + b'"', b"1"], [b"n", b"null"]])
    assert masker.scanned == [[b"a", SECRET, b'"' + SECRET + b'"', b"1"]]
    assert masker.masked == [[b"m"], [b"n", b"null"]]
    assert answers == [[b"a", FOUND], [b"*m"], [b'"' + FOUND + b'"', b"1"], [b"*n", None]]


def test_a_mask_of_null_is_null_in_a_document_too() -> None:
    assert answered(MASK, ValueKind.STRUCTURED, Carrier.JSON, b"null") is None


def test_without_cells_nobody_is_asked() -> None:
    masker = PlainMasker()
    cells = CellMasker(
        plan=Plan(parts=(SCAN, MASK)), columns=[Column(kind=ValueKind.TEXT, carrier=Carrier.PLAIN)] * 2, masker=masker
    )
    assert cells.answer([[], []]) == [[], []]
    assert masker.scanned == masker.masked == []


def test_a_masker_that_loses_a_value_is_not_believed() -> None:
    with pytest.raises(DetectorError, match="2 values went in, 1 masks came out"):
        one(MASK, ValueKind.TEXT, Carrier.PLAIN, ShortMasker()).answer([[], [b"a", b"b"]])


def test_a_finding_in_no_value_is_not_believed() -> None:
    with pytest.raises(DetectorError, match="never handed in"):
        one(SCAN, ValueKind.TEXT, Carrier.PLAIN, StrayMasker()).answer([[b"a"]])


def test_a_plan_for_another_result_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="1 parts, but 0 columns"):
        CellMasker(plan=Plan(parts=(MASK,)), columns=[], masker=PlainMasker())


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(documents)
def test_undoing_escapes_never_changes_a_document(document: object) -> None:
    masker = PlainMasker()
    one(SCAN, ValueKind.STRUCTURED, Carrier.JSON, masker).answer([[], [json.dumps(document).encode()]])
    assert json.loads(masker.scanned[0][0]) == document
