from passgate.languages.sql.lineage import NOTHING, Field, Value
from passgate.languages.sql.scope import AMBIGUOUS, Cte, Entry, Item, Joins, Scope, With, index_of
from tests.unit.languages.sql.shop import gaps, said, shows

ONE, TWO = Value(type="one"), Value(type="two")


def test_the_innermost_level_that_has_a_name_gives_it_meaning() -> None:
    outer = Scope(None, With(), (Item.of(Entry("a", (Field("x", ONE), Field("y", ONE)))),))
    inner = Scope(outer, With(), (Item.of(Entry("b", (Field("x", TWO),))),))
    assert inner.column("x") is TWO
    assert inner.column("y") is ONE
    assert inner.column("z") is None
    assert inner.entry("a") is outer.entries[0]
    assert inner.entry("c") is None


def test_a_name_in_two_items_is_ambiguous() -> None:
    scope = Scope(None, With(), (Item.of(Entry("a", (Field("x", ONE),))), Item.of(Entry("b", (Field("x", TWO),)))))
    assert scope.column("x") is AMBIGUOUS
    assert index_of((Field("x", ONE), Field("x", TWO)))["x"] is AMBIGUOUS


def test_columns_that_cannot_be_told_are_any_column() -> None:
    entry = Entry("f", (), rest=ONE)
    assert entry.open
    assert entry.column("anything") is ONE
    assert entry.whole().sources == frozenset()
    both = Item((entry, Entry("g", (), rest=TWO)), ())
    assert both.column("x") is AMBIGUOUS


def test_with_names_are_found_outwards() -> None:
    outer, inner = With(), None
    outer.names["a"] = Cte("a", ())
    inner = With(outer)
    inner.names["b"] = Cte("b")
    assert inner.find("a") is outer.names["a"]
    assert outer.find("b") is None
    assert inner.all_names() == {"a", "b"}


def test_items_joined_through_a_third_are_joined() -> None:
    leaves = [Entry(name, (), large=True) for name in "abc"]
    joins = Joins()
    assert joins.cartesian(leaves)
    joins.join(leaves[0].leaves | leaves[1].leaves)
    joins.join(leaves[1].leaves)
    assert joins.cartesian(leaves)
    joins.join(leaves[1].leaves | leaves[2].leaves)
    assert not joins.cartesian(leaves)
    assert not Joins().cartesian(leaves[:1])


def test_a_sub_select_does_not_see_its_neighbours_unless_lateral() -> None:
    assert "FROM item o is not known" in gaps("SELECT 1 FROM orders o, (SELECT o.id) z")
    assert "select orders.id output" in said("SELECT z.id FROM orders o, LATERAL (SELECT o.id) z")


def test_a_correlated_sub_select_sees_the_levels_around_it() -> None:
    found = said("SELECT (SELECT c.ssn FROM customers c WHERE c.id = o.customer_id) FROM orders o")
    assert {"select customers.ssn output", "select orders.customer_id predicate"} <= set(found)


def test_an_alias_hides_the_name_of_the_table() -> None:
    assert "FROM item customers is not known" in gaps("SELECT customers.ssn FROM customers c")
    assert shows("SELECT public.customers.ssn FROM customers") == {"ssn": "=customers.ssn"}


def test_the_whole_of_an_item_shows_everything() -> None:
    assert NOTHING.sources == Entry("e", (Field("x", NOTHING),)).whole().sources
    assert shows("SELECT c FROM customers c")["c"] == "customers.email,customers.id,customers.name,customers.ssn"
