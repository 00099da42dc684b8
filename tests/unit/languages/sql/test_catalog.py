import subprocess
import sys

import pytest

from passgate.languages.sql.catalog import (
    Cast,
    Catalog,
    Column,
    Function,
    Operator,
    Relation,
    Type,
    effective_path,
)


def table(
    name: str, *, namespace: str = "public", oid: int = 0, columns: tuple[Column, ...] = (), **more: object
) -> Relation:
    return Relation(oid=oid, namespace=namespace, name=name, columns=columns, **more)  # type: ignore[arg-type]


def function(name: str, *, namespace: str = "public", low: int = 0, high: int | None = 0) -> Function:
    return Function(oid=0, namespace=namespace, name=name, min_args=low, max_args=high)


def catalog(
    *relations: Relation,
    functions: tuple[Function, ...] = (),
    types: tuple[Type, ...] = (),
    operators: tuple[Operator, ...] = (),
    casts: tuple[Cast, ...] = (),
) -> Catalog:
    return Catalog(relations=relations, functions=functions, types=types, operators=operators, casts=casts)


def test_an_unqualified_relation_is_the_first_along_the_path() -> None:
    first, second = table("t", namespace="a"), table("t", namespace="b")
    found = catalog(first, second)
    assert found.relation("t", "", ("a", "b")) is first
    assert found.relation("t", "", ("b", "a")) is second
    assert found.relation("t", "b", ("a",)) is second
    assert found.relation("t", "", ("c",)) is None
    assert found.relation("t", "c", ("a",)) is None


def test_pg_catalog_comes_first_unless_the_path_names_it() -> None:
    built_in, own = table("pg_class", namespace="pg_catalog"), table("pg_class")
    found = catalog(built_in, own)
    assert found.relation("pg_class", "", ("public",)) is built_in
    assert found.relation("pg_class", "", ("public", "pg_catalog")) is own
    assert found.relation("pg_class", "", ("pg_catalog", "public")) is built_in


def test_functions_are_every_overload_along_the_path_and_never_temporary() -> None:
    built_in, own, temporary = (
        function("lower", namespace="pg_catalog"),
        function("lower"),
        function("lower", namespace="pg_temp"),
    )
    found = catalog(functions=(own, temporary, built_in))
    assert found.functions("lower", "", ("pg_temp", "public")) == (built_in, own)
    assert found.functions("lower", "", ("public", "pg_catalog")) == (own, built_in)
    assert found.functions("lower", "public", ()) == (own,)
    assert found.functions("upper", "", ("public",)) == ()
    assert found.functions("upper", "public", ()) == ()


@pytest.mark.parametrize(("low", "high", "accepted"), [(0, 0, [0]), (1, 2, [1, 2]), (1, None, [1, 2, 3, 4])])
def test_arity(low: int, high: int | None, accepted: list[int]) -> None:
    assert [n for n in range(5) if function("f", low=low, high=high).accepts(n)] == accepted


def test_relations_by_oid_and_families() -> None:
    top, middle, leaf = table("top", oid=1), table("middle", oid=2, parents=(1,)), table("leaf", oid=3, parents=(2, 99))
    found = catalog(top, middle, leaf, table("no oid"))
    assert found.relation_by_oid(2) is middle
    assert found.relation_by_oid(0) is None
    assert found.children(top) == (middle,)
    assert found.children(leaf) == ()
    assert found.children(table("no oid")) == ()
    assert found.parents(leaf) == (middle, top)
    assert found.parents(top) == ()
    assert set(found.relations) == {top, middle, leaf, table("no oid")}


def test_columns_by_name_and_number_with_gaps_and_system_columns() -> None:
    one, three = Column(name="a", number=1), Column(name="c", number=3)
    relation = table("t", columns=(one, three))
    assert relation.column("a") is one
    assert relation.column("b") is None
    assert relation.column_by_number(1) is one
    assert relation.column_by_number(2) is None
    assert relation.column_by_number(3) is three
    ctid = relation.column("ctid")
    assert ctid is not None
    assert relation.column_by_number(-1) is ctid
    assert relation.column_by_number(-99) is None
    assert table("v", kind="view").column("ctid") is None


def test_an_own_column_hides_a_system_column_of_its_name() -> None:
    own = Column(name="ctid", number=1)
    assert table("v", kind="view", columns=(own,)).column("ctid") is own


def test_keys_that_name_at_most_one_row() -> None:
    relation = table(
        "t",
        columns=(Column(name="a", number=1, not_null=True), Column(name="b", number=2)),
        primary_key=("a",),
        unique_keys=(("a", "b"), ("a",), ("gone",)),
    )
    assert relation.not_null_keys == (("a",), ("a",))
    assert table("t").not_null_keys == ()


def test_types_and_row_types() -> None:
    enum = Type(oid=1, namespace="a", name="mood", kind="enum")
    found = catalog(table("t"), table("s", kind="sequence"), types=(enum,))
    assert found.type("mood", "", ("a",)) is enum
    assert found.type("mood", "a", ()) is enum
    row = found.type("t", "", ("public",))
    assert row is not None
    assert row.kind == "composite"
    assert found.type("s", "", ("public",)) is None
    assert found.type("mood", "", ("public",)) is None


def test_operators_and_casts() -> None:
    one = Operator(namespace="a", name="@@@", left_type="int4", right_type="int4", function=function("f"))
    cast = Cast(source_type="int4", target_type="mood", function=function("f"))
    found = catalog(operators=(one,), casts=(cast,))
    assert found.operators("@@@", "", ("a",)) == (one,)
    assert found.operators("@@@", "a", ()) == (one,)
    assert found.operators("@@@", "", ("b",)) == ()
    assert catalog().operators("@@@", "", ("a",)) == ()
    assert found.casts_to("mood") == (cast,)
    assert found.casts_to("int4") == ()


def test_schemas_are_those_given_those_of_relations_and_the_servers_own() -> None:
    found = Catalog(relations=(table("t", namespace="a"),), functions=(), schemas=("empty",))
    assert {"a", "empty", "pg_catalog", "information_schema"} <= found.schemas


def test_a_name_is_printed_qualified() -> None:
    assert str(table("t")) == "public.t"
    assert str(function("f")) == "public.f"


def test_version_is_of_content_not_of_order() -> None:
    a, b = table("a"), table("b")
    assert catalog(a, b).version == catalog(b, a).version
    assert catalog(a).version != catalog(a, b).version
    assert catalog(a).version != catalog(table("a", tags=frozenset({"files"}))).version
    assert catalog(a).version != catalog(a, functions=(function("f"),)).version


def test_version_is_the_same_in_every_process() -> None:
    program = (
        "from passgate.languages.sql.catalog import Catalog, Relation\n"
        "r = Relation(oid=1, namespace='n', name='t', tags=frozenset({'a', 'b', 'c', 'd'}))\n"
        "print(Catalog(relations=(r,), functions=()).version)"
    )
    versions = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(versions) == 1


def test_the_users_own_schema_stands_in_the_path() -> None:
    assert effective_path(("$user", "public"), "anna") == ("anna", "public")
    assert effective_path(("$user", "public"), "") == ("public",)
