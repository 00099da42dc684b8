"""Which writes ROLLBACK undoes, as far as the statement shows and the server says."""

import asyncio
from dataclasses import replace

import pytest

from passgate.core.action import Action, Atom, ObjectRef, VerbClass
from passgate.core.decision import ReadOnly
from passgate.endpoints.postgres.harmless import answered, draws_numbers, objection, question, relations
from passgate.pipeline.gate import Judged, Verdict
from tests.unit.languages.sql.shop import action
from tests.unit.pipeline.steps import Outcome, decision


async def verdict(*actions: Action, read_only: bool = False) -> Verdict:
    held = decision(Outcome.HOLD, obligations=(ReadOnly(rule="r"),) if read_only else ())
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    judged = tuple(Judged(action=one, decision=held) for one in actions)
    return Verdict(outcome=Outcome.HOLD, decision=held, judged=judged, strict=True, durable=done)


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO orders (id, note) VALUES (1, upper('x'))",
        "UPDATE orders SET note = 'x' FROM customers c WHERE c.id = orders.customer_id",
        "DELETE FROM orders WHERE customer_id > 3 RETURNING id",
        "UPDATE orders SET note = generate_series(1, 1000000)::text",
    ],
)
async def test_plain_writes_can_be_tried(text: str) -> None:
    assert objection(await verdict(action(text))) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("SELECT 1", "only INSERT"),
        ("COPY orders FROM STDIN", "only INSERT"),
        ("COPY orders TO PROGRAM 'cat'", "only INSERT"),
        ("NOTIFY x", "only INSERT"),
        ("TRUNCATE orders", "only INSERT"),
        ("UPDATE orders SET note = nobody_knows(1)", "calls nobody_knows"),
        ("UPDATE orders SET note = dblink('host=x', 'select 1')", "calls dblink"),
        ("UPDATE orders SET note = pg_notify('a', 'b')::text", "calls pg_catalog.pg_notify"),
        ("UPDATE orders SET total = setval('orders_id_seq', 1)", "calls pg_catalog.setval"),
        ("UPDATE orders SET note = pg_read_file('x')", "calls pg_catalog.pg_read_file"),
        ("UPDATE orders SET note = pg_sleep(9)::text", "calls pg_catalog.pg_sleep"),
        ("UPDATE nowhere SET a = 1", "not all of it was understood"),
        ("UPDATE orders SET note = 'x' WHERE CURRENT OF c", "not all of it was understood"),
    ],
)
async def test_what_may_reach_beyond_the_transaction_is_not_tried(text: str, why: str) -> None:
    assert why in objection(await verdict(action(text)))


async def test_several_and_what_may_only_read_are_not_tried() -> None:
    write = action("DELETE FROM orders WHERE customer_id > 3")
    assert "one of several" in objection(await verdict(write, write))
    assert "where nothing can be written" in objection(await verdict(write, read_only=True))


@pytest.mark.parametrize(
    ("object_", "verb_class", "why"),
    [
        (ObjectRef(kind="relation", name="x", known=False), VerbClass.READ, "speaks of the relation x"),
        (ObjectRef(kind="program", name="cat"), VerbClass.READ, "speaks of the program cat"),
        (ObjectRef(kind="relation", name="x"), VerbClass.DDL, "does more to x"),
        (ObjectRef(kind="relation", name="pg_class", system=True), VerbClass.WRITE, "the server's own"),
    ],
)
async def test_every_object_must_be_plain(object_: ObjectRef, verb_class: VerbClass, why: str) -> None:
    write = action("DELETE FROM orders WHERE customer_id > 3")
    odd = replace(write, atoms=(*write.atoms, Atom(verb="x", verb_class=verb_class, object=object_)))
    assert why in objection(await verdict(odd))


def test_the_server_is_asked_about_what_is_written_and_what_is_read() -> None:
    named = relations(action("UPDATE orders SET note = upper(c.name) FROM customers c WHERE c.id = customer_id"))
    assert named == {("public", "orders"): True, ("public", "customers"): False}
    assert "('public', 'o''x', true)" in question({("public", "o'x"): True})


def test_numbers_are_drawn_by_name_or_by_default() -> None:
    insert, update = (
        action("INSERT INTO orders (id) VALUES (1)"),
        action("UPDATE orders SET note = 'x' WHERE total > 1"),
    )
    assert draws_numbers(action("INSERT INTO orders (id) VALUES (nextval('orders_id_seq'))"), by_default=False)
    assert draws_numbers(insert, by_default=True)
    assert not draws_numbers(insert, by_default=False)
    assert not draws_numbers(update, by_default=True)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("known", "1"), ("sequence", "0")], ("", False)),
        ([("known", "1"), ("sequence", "2")], ("", True)),
        ([("known", "0"), ("sequence", "0")], ("the server knows other tables than the gate does", False)),
        ([], ("the server knows other tables than the gate does", False)),
    ],
)
def test_what_the_server_says_counts(rows: list[tuple[str, str]], expected: tuple[str, bool]) -> None:
    assert answered(rows, {("public", "orders"): True}) == expected


@pytest.mark.parametrize("what", ["kind", "trigger", "rule", "function"])
def test_code_behind_a_table_is_told(what: str) -> None:
    why, _ = answered([("known", "1"), ("sequence", "0"), (what, "odd")], {("public", "orders"): True})
    assert why
