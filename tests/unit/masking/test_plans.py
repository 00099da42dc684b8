from hypothesis import given
from hypothesis import strategies as st

from passgate.core.action import Action, ColumnRef, Output, VerbClass
from passgate.core.decision import Decision, LimitRows, Mask, Notify, Obligation, Outcome, Scan, Strategy, StrategyKind
from passgate.core.shape import Part, PartPlan, Plan, Shape, ValueKind
from passgate.masking import LineagePlanner
from passgate.masking.plans import UNPROVEN

EMAIL = ColumnRef(namespace="public", object="customers", column="email")
SSN = ColumnRef(namespace="public", object="customers", column="ssn")
NAME = ColumnRef(namespace="public", object="customers", column="name")
TOTAL = ColumnRef(namespace="public", object="orders", column="total")
VIEW = ColumnRef(namespace="public", object="v_customers", column="ssn")
PARTIAL = Strategy(kind=StrategyKind.PARTIAL, keep_first=1, label="EMAIL")
REDACT = Strategy(kind=StrategyKind.REDACT, label="SSN")
MASK_EMAIL = Mask(column=EMAIL, strategy=PARTIAL, rule="mask-email")
MASK_SSN = Mask(column=SSN, strategy=REDACT, rule="mask-ssn")
SCAN = Scan(classes=frozenset({"pii"}), rule="scan-all")


def action(outputs: tuple[Output, ...] | None, *, complete: bool = True) -> Action:
    return Action(
        kind="sql.query",
        verb="select",
        verb_class=VerbClass.READ,
        text="",
        atoms=(),
        outputs=outputs,
        complete=complete,
    )


def decision(*obligations: Obligation) -> Decision:
    return Decision(
        outcome=Outcome.ALLOW, rule="r", reason="", hint="", policy_version="v", obligations=tuple(obligations)
    )


def part(kind: ValueKind = ValueKind.TEXT, origin: ColumnRef | None = None) -> Part:
    return Part(name="c", kind=kind, origin=origin)


def output(*sources: ColumnRef, direct: bool = False) -> Output:
    return Output(name="c", sources=frozenset(sources), direct=direct)


def plan(outputs: tuple[Output, ...] | None, parts: tuple[Part, ...], *obligations: Obligation) -> Plan:
    return LineagePlanner().plan(action(outputs), decision(*obligations), Shape(parts=parts))


def test_direct_output_of_a_masked_column_takes_its_strategy() -> None:
    made = plan((output(EMAIL, direct=True),), (part(),), MASK_EMAIL)
    assert made.parts == (PartPlan(mask=PARTIAL, rule="mask-email"),)


def test_computed_of_a_masked_column_is_masked_whole() -> None:
    made = plan((output(EMAIL, NAME),), (part(),), MASK_EMAIL)
    assert made.parts[0].mask == Strategy(kind=StrategyKind.REDACT, label="EMAIL")
    assert made.parts[0].rule == "mask-email"


def test_computed_keeps_a_null() -> None:
    null = Strategy(kind=StrategyKind.NULL)
    made = plan((output(SSN),), (part(),), Mask(column=SSN, strategy=null, rule="n"))
    assert made.parts[0].mask == null


def test_direct_with_two_sources_is_not_taken_for_a_bare_copy() -> None:
    made = plan((output(EMAIL, NAME, direct=True),), (part(),), MASK_EMAIL)
    assert made.parts[0].mask is not None
    assert made.parts[0].mask.kind is StrategyKind.REDACT


def test_servers_origin_masks_what_lineage_calls_clean() -> None:
    made = plan((output(NAME, direct=True),), (part(origin=SSN),), MASK_SSN)
    assert made.parts == (PartPlan(mask=REDACT, rule="mask-ssn"),)


def test_several_masks_the_strictest_wins_and_is_named() -> None:
    other = Mask(column=EMAIL, strategy=Strategy(kind=StrategyKind.HASH), rule="hash-email")
    made = plan((output(EMAIL, direct=True),), (part(),), MASK_EMAIL, other)
    assert made.parts == (PartPlan(mask=other.strategy, rule="hash-email"),)


def test_two_partials_keep_what_both_keep() -> None:
    a = Mask(column=SSN, strategy=Strategy(kind=StrategyKind.PARTIAL, keep_first=2, keep_last=1), rule="a")
    b = Mask(column=SSN, strategy=Strategy(kind=StrategyKind.PARTIAL, keep_last=4), rule="b")
    made = plan((output(SSN, direct=True),), (part(),), a, b)
    assert made.parts[0].mask == Strategy(kind=StrategyKind.PARTIAL, keep_last=1)


def test_clean_text_is_scanned_only_where_asked() -> None:
    assert plan((output(NAME),), (part(),), SCAN).parts == (PartPlan(scan=True, rule="scan-all"),)
    assert plan((output(NAME),), (part(),)).untouched


def test_a_null_is_masked_where_it_may_have_been_computed_and_not_in_a_bare_copy() -> None:
    """``nullif(email, 'guess')`` is NULL or not: that is the answer to a question that no WHERE may ask."""
    assert plan((output(EMAIL),), (part(),), MASK_EMAIL).parts[0].nulls
    assert plan((output(EMAIL, NAME, direct=True),), (part(),), MASK_EMAIL).parts[0].nulls
    assert not plan((output(EMAIL, direct=True),), (part(),), MASK_EMAIL).parts[0].nulls
    assert not plan((output(NAME),), (part(origin=EMAIL),), MASK_EMAIL).parts[0].nulls
    assert not plan((output(NAME),), (part(),), MASK_EMAIL, SCAN).parts[0].nulls


def test_kinds_that_can_hold_text_are_scanned_and_the_others_pass() -> None:
    for kind in ValueKind:
        made = plan((output(NAME),), (part(kind),), SCAN)
        assert made.parts[0].scan is (kind in {ValueKind.TEXT, ValueKind.STRUCTURED, ValueKind.BYTES})


def test_unknown_outputs_with_a_masked_column_are_masked_whole_whatever_their_type() -> None:
    made = plan(None, (part(), part(ValueKind.NUMBER)), MASK_SSN)
    assert made.parts == (PartPlan(mask=REDACT, nulls=True, rule=UNPROVEN),) * 2


def test_unknown_outputs_use_the_strictest_kind_and_no_label_of_another_column() -> None:
    made = plan(None, (part(),), MASK_SSN, MASK_EMAIL)
    assert made.parts[0].mask == Strategy(kind=StrategyKind.REDACT)


def test_unknown_outputs_pass_what_the_server_reads_from_an_unmasked_column_of_a_known_relation() -> None:
    made = plan(None, (part(origin=NAME), part(origin=SSN), part(origin=VIEW), part(origin=TOTAL)), MASK_SSN)
    assert [p.rule for p in made.parts] == [UNPROVEN, "mask-ssn", UNPROVEN, UNPROVEN]
    assert made.parts[0].scan
    assert all(p.mask is not None for p in made.parts[1:])


def test_unknown_outputs_without_masks_are_scanned() -> None:
    made = plan(None, (part(), part(ValueKind.NUMBER)))
    assert made.parts == (PartPlan(scan=True, rule=UNPROVEN), PartPlan())


def test_a_count_that_differs_from_the_shape_proves_nothing() -> None:
    made = plan((output(NAME, direct=True),), (part(), part()), MASK_SSN)
    assert all(p.rule == UNPROVEN and p.mask is not None for p in made.parts)


def test_an_action_not_fully_understood_proves_nothing() -> None:
    made = LineagePlanner().plan(
        action((output(NAME, direct=True),), complete=False), decision(MASK_SSN), Shape(parts=(part(),))
    )
    assert made.parts[0].mask is not None


def test_row_limits_take_the_least() -> None:
    made = plan((), (), LimitRows(limit=50, rule="a"), LimitRows(limit=10, rule="b"), Notify(channel="c", rule="n"))
    assert made.max_rows == 10
    assert not made.untouched


columns = st.sampled_from([EMAIL, SSN, NAME, TOTAL, VIEW])
outputs = st.builds(
    lambda sources, direct: Output(name="c", sources=sources, direct=direct),
    st.frozensets(columns, max_size=3),
    st.booleans(),
)
parts = st.builds(
    lambda kind, origin: Part(name="c", kind=kind, origin=origin),
    st.sampled_from(ValueKind),
    st.none() | columns,
)
kinds = st.builds(
    lambda kind, first, last: Strategy(kind=kind, keep_first=first, keep_last=last, label="X"),
    st.sampled_from(StrategyKind),
    st.integers(0, 4),
    st.integers(0, 4),
)
masks = st.builds(lambda column, strategy: Mask(column=column, strategy=strategy, rule=str(column)), columns, kinds)
pairs = st.lists(st.tuples(outputs, parts), max_size=4)


@given(pairs, st.lists(masks, max_size=4), st.booleans())
def test_no_part_that_can_show_a_masked_column_passes(
    shown: list[tuple[Output, Part]], asked: list[Mask], scan: bool
) -> None:
    extra = [SCAN] if scan else []
    made = plan(tuple(o for o, _ in shown), tuple(p for _, p in shown), *asked, *extra)
    masked = {mask.column for mask in asked}
    assert len(made.parts) == len(shown)
    for (out, seen), planned in zip(shown, made.parts, strict=True):
        touched = bool(out.sources & masked) or seen.origin in masked
        assert (planned.mask is not None) is touched
        assert not (planned.mask and planned.scan)
        if out.sources & masked and not (out.direct and len(out.sources) == 1):
            assert planned.mask is not None
            assert planned.mask.kind in {StrategyKind.REDACT, StrategyKind.NULL}


@given(pairs, st.lists(masks, max_size=4), masks)
def test_one_more_mask_never_shows_more(shown: list[tuple[Output, Part]], asked: list[Mask], more: Mask) -> None:
    order = [StrategyKind.PARTIAL, StrategyKind.TOKEN, StrategyKind.HASH, StrategyKind.REDACT, StrategyKind.NULL]
    shape = tuple(p for _, p in shown)
    for known in (tuple(o for o, _ in shown), None):
        before = plan(known, shape, *asked)
        after = plan(known, shape, *asked, more)
        for old, new in zip(before.parts, after.parts, strict=True):
            if old.mask is not None and known is not None:
                assert new.mask is not None
                assert order.index(new.mask.kind) >= order.index(old.mask.kind)
                if new.mask.kind is old.mask.kind is StrategyKind.PARTIAL:
                    assert new.mask.keep_first <= old.mask.keep_first
                    assert new.mask.keep_last <= old.mask.keep_last


@given(pairs, st.lists(masks, max_size=4))
def test_the_order_of_obligations_does_not_matter(shown: list[tuple[Output, Part]], asked: list[Mask]) -> None:
    shape = tuple(p for _, p in shown)
    known = tuple(o for o, _ in shown)
    forward, backward = plan(known, shape, *asked), plan(known, shape, *reversed(asked))
    assert [p.mask and p.mask.kind for p in forward.parts] == [p.mask and p.mask.kind for p in backward.parts]
