"""A snapshot from the recorded answers of a PostgreSQL 15 server (``server_answers.json``)."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import pytest

from passgate.core.errors import TargetUnavailableError
from passgate.languages.sql.catalog import Catalog
from passgate.languages.sql.snapshot import load

Answers = dict[str, list[list[str | None]]]
PATH = ("public", "crm")


def recorded() -> Answers:
    found: Answers = json.loads((Path(__file__).parent / "server_answers.json").read_text())
    return found


class RecordedServer:
    """Answers each query of the package with its recorded rows."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        for name, rows in self.answers.items():
            query = files("passgate.languages.sql").joinpath("queries", f"{name}.sql").read_text()
            if text.startswith(query.partition("$scope$")[0]):
                self.asked.append(name)
                return rows
        raise AssertionError(text)


@pytest.fixture
async def catalog() -> Catalog:
    return await load(RecordedServer(recorded()))


async def test_every_query_is_asked_once_and_is_one_statement() -> None:
    server = RecordedServer(recorded())
    await load(server)
    assert sorted(server.asked) == ["casts", "functions", "operators", "relations", "server", "types"]


async def test_relations(catalog: Catalog) -> None:
    customers = catalog.relation("customers", "", PATH)
    assert customers is not None
    assert (customers.namespace, customers.kind, customers.primary_key) == ("crm", "table", ("id",))
    assert customers.unique_keys == (("email",),)
    assert [(c.name, c.number, c.type_name) for c in customers.columns] == [
        ("id", 1, "int4"),
        ("email", 2, "citext"),
        ("ssn", 3, "text"),
        ("Odd Name", 5, "text"),
        ("n", 6, "int4"),
    ]
    assert customers.columns[-1].generated
    orders = catalog.relation("orders", "public", ())
    assert orders is not None
    assert orders.row_security
    assert orders.has_triggers
    assert not orders.has_rules
    (key,) = orders.foreign_keys
    assert (key.columns, key.target_namespace, key.target_name, key.target_columns, key.on_delete) == (
        ("customer_id",),
        "crm",
        "customers",
        ("id",),
        "cascade",
    )


async def test_partial_and_expression_indexes_are_no_keys_and_included_columns_no_part_of_one(catalog: Catalog) -> None:
    orders = catalog.relation("orders", "", PATH)
    assert orders is not None
    assert orders.unique_keys == (("customer_id",),)


async def test_partitions_know_their_parent_and_inherited_keys_do_not_count(catalog: Catalog) -> None:
    events, part = catalog.relation("events", "", PATH), catalog.relation("events_1", "", PATH)
    parent, child = catalog.relation("parent", "", PATH), catalog.relation("child", "", PATH)
    assert events is not None
    assert part is not None
    assert parent is not None
    assert child is not None
    assert (events.kind, events.primary_key) == ("partitioned", ("id", "at"))
    assert catalog.parents(part) == (events,)
    assert catalog.children(events) == (part,)
    assert parent.primary_key == ()
    assert parent.has_rules
    assert catalog.parents(child) == (parent,)


async def test_a_view_comes_with_its_query_fully_qualified(catalog: Catalog) -> None:
    view = catalog.relation("v", "", PATH)
    materialized = catalog.relation("mv", "", PATH)
    assert view is not None
    assert view.view_definition is not None
    assert "FROM crm.customers" in view.view_definition
    assert materialized is not None
    assert materialized.view_definition is not None
    assert "FROM public.orders" in materialized.view_definition


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("wipe", "definer"),
        ("dbl", "unknown"),
        ("pairs", "unknown"),
        ("dblink_fake", "network"),
        ("dblink_exec", "network"),
        ("citext_eq", "pure"),
        ("set_limit", "admin"),
        ("pg_stat_statements", "unknown"),
        ("pg_stat_statements_reset", "admin"),
    ],
)
async def test_effects_of_users_and_extensions_functions(catalog: Catalog, name: str, effect: str) -> None:
    found = catalog.functions(name, "", PATH)
    assert found
    assert {function.effect for function in found} == {effect}
    assert not any(function.system for function in found)


async def test_arguments_and_results_of_functions(catalog: Catalog) -> None:
    (wipe,) = catalog.functions("wipe", "", PATH)
    assert (wipe.min_args, wipe.max_args, wipe.security_definer) == (0, None, True)
    (pairs,) = catalog.functions("pairs", "", PATH)
    assert (pairs.out_columns, pairs.returns_set, pairs.volatility) == (("x", "y"), True, "stable")
    (purge,) = catalog.functions("purge", "", PATH)
    assert purge.kind == "procedure"


async def test_a_c_function_without_a_known_extension_is_not_trusted() -> None:
    answers = recorded()
    row = next(row for row in answers["functions"] if row[2] == "citext_eq")
    row[15] = None
    catalog = await load(RecordedServer(answers))
    (found,) = catalog.functions("citext_eq", "", PATH)
    assert found.effect == "definer"


async def test_types_operators_and_casts_that_run_users_code(catalog: Catalog) -> None:
    domain = catalog.type("checked", "", PATH)
    assert domain is not None
    assert (domain.kind, domain.base_type, [f.name for f in domain.input_functions]) == ("domain", "text", ["ok"])
    assert catalog.type("mood", "", PATH) is not None
    (operator,) = catalog.operators("<+>", "", PATH)
    assert operator.function.name == "addish"
    (cast,) = catalog.casts_to("mood")
    assert (cast.source_type, cast.function.name) == ("int4", "tomood")


async def test_system_relations_carry_tags_and_users_relations_of_such_names_do_not(catalog: Catalog) -> None:
    authid, stats = catalog.relation("pg_authid", "", PATH), catalog.relation("pg_stats", "", PATH)
    statements = catalog.relation("pg_stat_statements", "", PATH)
    assert authid is not None
    assert stats is not None
    assert statements is not None
    assert (authid.system, authid.tags) == (True, frozenset({"credentials"}))
    assert stats.tags == frozenset({"statistics"})
    assert (statements.system, statements.tags) == (False, frozenset({"activity"}))
    answers = recorded()
    row = next(row for row in answers["relations"] if row[2] == "v")
    row[2] = "pg_shadow"
    impostor = (await load(RecordedServer(answers))).relation("pg_shadow", "public", ())
    assert impostor is not None
    assert impostor.tags == frozenset()


async def test_the_servers_own_functions_come_from_the_shipped_table(catalog: Catalog) -> None:
    (found,) = catalog.functions("lower", "pg_catalog", ())[:1]
    assert found.system
    assert catalog.server_version // 10000 == 15
    assert {"public", "crm"} <= catalog.schemas


async def test_equal_content_has_an_equal_version_and_other_content_another(catalog: Catalog) -> None:
    again = await load(RecordedServer(recorded()))
    assert again.version == catalog.version
    answers = recorded()
    answers["relations"][0][4] = "t" if answers["relations"][0][4] == "f" else "f"
    assert (await load(RecordedServer(answers))).version != catalog.version


@pytest.mark.parametrize(("query", "cell"), [("server", "not a number"), ("relations", "[[["), ("functions", "x")])
async def test_an_answer_that_makes_no_sense_is_a_target_that_cannot_be_read(query: str, cell: str) -> None:
    answers = recorded()
    answers[query][0] = [cell for _ in answers[query][0]]
    with pytest.raises(TargetUnavailableError, match="catalog could not be read"):
        await load(RecordedServer(answers))


async def test_an_empty_answer_is_refused() -> None:
    answers = recorded()
    answers["server"] = []
    with pytest.raises(TargetUnavailableError):
        await load(RecordedServer(answers))
