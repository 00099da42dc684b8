import pytest

from passgate.core.action import ColumnRef, VerbClass
from passgate.languages.sql.catalog import Catalog, Column, Function, Relation
from passgate.languages.sql.names import Names, ViewBody, call_atom, object_of, unknown_object
from tests.unit.languages.sql.shop import EVENTS, EVENTS_1, ORDERS, action, gaps, language, said, shows

PATHS = (("public",),)


@pytest.fixture
def names() -> Names:
    return language().names


def test_a_name_means_the_same_under_every_path_or_nothing(names: Names) -> None:
    assert names.relation("orders", "", PATHS) is ORDERS
    assert names.relation("orders", "", (("other",), ("public",))) is None
    assert names.relation("customers", "", (("public",), ("other", "public"))) is not None
    assert names.relation("orders", "other", PATHS) is not ORDERS
    assert names.relation("nosuch", "", PATHS) is None


def test_a_view_of_a_well_known_extension_is_sensitive_though_the_catalog_lacks_it(names: Names) -> None:
    found = names.relation("pg_stat_statements", "", PATHS)
    assert found is not None
    assert "activity" in found.tags
    assert names.relation("pg_stat_statements", "", PATHS) is found


def test_reading_a_partition_reads_its_parent_and_the_other_way_round(names: Names) -> None:
    assert [str(stored.object) for stored in names.table(EVENTS).descendants] == ["public.events_1"]
    assert [str(stored.object) for stored in names.table(EVENTS_1).ancestors] == ["public.events"]
    assert "select events.what output" in said("SELECT what FROM events_1")
    assert "select events_1.what output" in said("SELECT what FROM events")
    assert "select events_1.what output" not in said("SELECT what FROM ONLY events")
    assert "select events.what output" in said("SELECT what FROM ONLY events_1")


def test_a_generated_column_shows_what_it_is_computed_of() -> None:
    """Whoever may not see a column may not see it in the next one either, whose rules nobody thought of."""
    assert shows("SELECT born FROM dossiers") == {"born": "dossiers.born,dossiers.ssn"}
    assert shows("SELECT id FROM dossiers") == {"id": "=dossiers.id"}
    assert shows("SELECT ssn FROM dossiers") == {"ssn": "=dossiers.ssn"}
    assert {"select dossiers.ssn predicate", "select dossiers.born predicate"} <= set(
        said("SELECT id FROM dossiers WHERE born = '1990'")
    )
    assert "select dossiers.ssn output" in said("SELECT d FROM dossiers d")
    assert "copy_out dossiers.ssn output" in said("COPY dossiers (born) TO STDOUT")
    assert "select dossiers.ssn returning" in said("DELETE FROM dossiers WHERE id = 1 RETURNING born")


def test_views_are_seen_through_to_the_bottom() -> None:
    found = said("SELECT shown FROM second_v")
    assert {"select second_v", "select customer_v", "select customers"} <= set(found)
    assert "select customers.ssn output" in found
    assert "select customers.name predicate" in found


def test_a_view_that_reads_itself_is_a_gap_not_a_hang() -> None:
    loop = Relation(oid=1, namespace="public", name="v", kind="view", columns=(Column(name="a", number=1),))
    names = Names(Catalog(relations=(loop,), functions=()), _reads_itself)
    table = names.table(loop)
    assert table.body is not None
    assert table.body.gaps == ("view public.v reads itself",)


def _reads_itself(names: Names, relation: Relation) -> ViewBody:
    inner = names.table(relation).body
    assert inner is not None
    return inner


def test_system_columns_are_columns(names: Names) -> None:
    assert said("SELECT ctid, tableoid FROM orders")[1:] == [
        "select orders.ctid output",
        "select orders.tableoid output",
    ]
    assert names.table(ORDERS).column("nosuch") is None


def test_an_origin_is_found_by_number(names: Names) -> None:
    assert names.origin(20001, 3) == ColumnRef(namespace="public", object="customers", column="ssn")
    assert names.origin(20001, 99) is None
    assert names.origin(1, 1) is None


def test_every_overload_that_the_server_might_take_is_an_atom(names: Names) -> None:
    assert {str(a.object) for a in names.calls("lower", "", 1, PATHS)} == {"pg_catalog.lower", "public.lower"}
    assert names.calls("lower", "", 7, PATHS) == ()
    (definer,) = names.calls("wipe", "", 0, PATHS)
    assert definer.object.effect == "definer"
    assert definer.verb_class is VerbClass.CODE


@pytest.mark.parametrize(
    ("effect", "verb_class"),
    [
        ("pure", "read"),
        ("relation", "read"),
        ("write", "write"),
        ("lock", "write"),
        ("cancel", "write"),
        ("file", "egress"),
        ("network", "egress"),
        ("admin", "admin"),
        ("dynamic", "code"),
        ("definer", "code"),
        ("unknown", "code"),
        ("new", "code"),
    ],
)
def test_the_class_of_a_call_is_its_effect(effect: str, verb_class: str) -> None:
    assert call_atom(name="f", namespace="", effect=effect).verb_class == verb_class


def test_only_foreign_keys_that_act_are_cascades(names: Names) -> None:
    customers = names.relation("customers", "", PATHS)
    assert customers is not None
    assert names.referenced(customers)
    assert not names.referenced(customers, ("id",))
    assert not names.referenced(ORDERS)


def test_caches_do_not_grow_without_bound() -> None:
    names = Names(Catalog(relations=(), functions=()), _reads_itself)
    for number in range(5000):
        assert names.calls(f"f{number}", "", 0, ()) == ()
        assert names.type_(f"t{number}", "", ()) is None
    assert len(names._calls) <= 4096
    assert len(names._types) <= 4096


def test_objects_are_said_with_what_policy_needs() -> None:
    assert object_of(ORDERS).kind == "relation"
    assert object_of(Relation(oid=1, namespace="s", name="q", kind="sequence")).kind == "sequence"
    assert not unknown_object("relation", "x").known
    assert Function(oid=1, namespace="a", name="b").effect == "unknown"


def test_an_unknown_relation_is_a_gap() -> None:
    assert "relation nosuch is not known" in gaps("SELECT 1 FROM nosuch")
    assert "relation evil.orders is not known" in gaps("SELECT 1 FROM evil.orders")
    assert action("SELECT 1 FROM nosuch").outputs is None
