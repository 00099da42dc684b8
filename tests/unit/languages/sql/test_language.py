from dataclasses import replace

import pytest

from passgate.core.action import ColumnRef, VerbClass
from passgate.languages.sql.catalog import Column, Relation
from passgate.languages.sql.knowledge import build_catalog
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from tests.unit.languages.sql.shop import (
    CUSTOMERS,
    action,
    gaps,
    language,
    session,
    shop,
    understander,
    understood,
    words,
)


def test_each_statement_is_an_action_with_its_own_slice() -> None:
    found = understood("SELECT 1 ; /* x */ DELETE FROM orders;").actions
    assert [one.verb for one in found] == ["select", "delete"]
    assert found[1].text.strip().endswith("DELETE FROM orders")
    assert all(one.kind == "sql.query" for one in found)
    assert all(one.facts["sql.in_batch"] and one.facts["sql.statements"] == 2 for one in found)
    assert not action("SELECT 1").facts["sql.in_batch"]


def test_statements_that_differ_in_literals_have_one_fingerprint() -> None:
    assert (
        action("SELECT id FROM orders WHERE id = 1").fingerprint
        == action("SELECT id FROM orders WHERE id = 2").fingerprint
    )
    assert (
        action("SELECT id FROM orders WHERE id = 1").fingerprint
        != action("SELECT note FROM orders WHERE id = 1").fingerprint
    )


@pytest.mark.parametrize("text", ["", ";", " -- x", "/* x */;"])
def test_an_empty_query_is_empty(text: str) -> None:
    found = action(text)
    assert (found.verb, found.verb_class, found.atoms, found.complete) == ("empty", VerbClass.SESSION, (), True)


@pytest.mark.parametrize(
    "text", ["SELEKT", "SELECT 1\0", "SELECT '", "\ud800", "(" * 500, "BASE_BACKUP", "DELETE\xa0FROM\xa0orders"]
)
def test_a_text_that_is_not_understood_is_code(text: str) -> None:
    found = action(text)
    assert (found.verb, found.verb_class, found.complete, found.outputs) == ("unknown", VerbClass.CODE, False, None)


def test_a_gap_says_nothing_of_values() -> None:
    assert "536-90-4399" not in gaps("SELECT * FROM orders '536-90-4399'")


def test_inputs_are_kept() -> None:
    assert dict(action("SELECT $1, $2", ["a", None]).inputs) == {"1": "a", "2": None}
    assert not understood("SELECT id FROM orders WHERE id = $1").inputs_matter


def test_facts_are_always_there() -> None:
    assert set(action("SELECT 1").facts) == {
        "sql.cartesian",
        "sql.cascades",
        "sql.concurrently",
        "sql.in_batch",
        "sql.locking",
        "sql.modifies_data_in_read",
        "sql.statements",
        "sql.truncated",
    }


def test_a_batch_is_understood_as_if_each_statement_before_had_succeeded() -> None:
    session_ = understander()
    found = session_.understand("PREPARE p AS DELETE FROM orders; EXECUTE p").actions[1]
    assert found.complete
    assert "delete orders" in words(found)
    assert not session_.understand("EXECUTE p").actions[0].complete  # it was only understood, not run
    assert not understood("SET search_path = other, public; SELECT id FROM orders").actions[1].complete
    assert understood("SET search_path = other, public; SELECT id FROM customers").actions[1].complete


def test_the_search_path_gives_names_their_meaning() -> None:
    assert understander("other").understand("SELECT secret FROM orders").actions[0].complete
    assert not understander().understand("SELECT secret FROM orders").actions[0].complete
    assert not understander("nowhere").understand("SELECT id FROM orders").actions[0].complete


def test_after_a_change_of_path_a_name_must_mean_the_same_under_both() -> None:
    session_ = understander()
    before = session_.version
    session_.succeeded(session_.understand("SELECT set_config('search_path', 'other, public', false)").actions[0])
    assert session_.version != before
    assert not session_.understand("SELECT id FROM orders").actions[0].complete
    assert session_.understand("SELECT id FROM public.orders").actions[0].complete
    assert session_.understand("SELECT id FROM customers").actions[0].complete
    session_.succeeded(session_.understand("SET search_path = $x$a$x$, b").actions[0])
    for number in range(5):
        session_.succeeded(session_.understand(f"SET search_path = s{number}").actions[0])
    assert not session_.understand("SELECT id FROM customers").actions[0].complete
    assert session_.understand("SELECT id FROM public.customers").actions[0].complete


def test_a_temporary_table_hides_the_stored_one() -> None:
    session_ = understander()
    before = session_.version
    session_.succeeded(session_.understand("CREATE TEMP TABLE orders (a int)").actions[0])
    assert session_.version != before
    for text in (
        "SELECT 1 FROM orders",
        "DELETE FROM orders",
        "DROP TABLE orders",
        "SELECT 'orders'::regclass",
        "TRUNCATE orders",
    ):
        assert not session_.understand(text).actions[0].complete, text
    assert session_.understand("SELECT 1 FROM public.orders").actions[0].complete


def test_an_action_that_changes_nothing_is_not_read_again() -> None:
    session_ = understander()
    session_.succeeded(replace(session_.understand("SELECT 1").actions[0], text="PREPARE p AS SELECT 1"))
    assert not session_.understand("EXECUTE p").actions[0].complete


def test_what_cannot_be_read_again_is_forgotten() -> None:
    session_ = understander()
    prepare = session_.understand("PREPARE p AS SELECT 1").actions[0]
    session_.succeeded(prepare)
    session_.succeeded(replace(prepare, text="PREPARE"))
    assert not session_.understand("EXECUTE p").actions[0].complete
    assert not session_.understand("SELECT 1 FROM orders").actions[0].complete


def test_the_catalog_can_be_replaced_under_open_sessions() -> None:
    own = SqlLanguage(catalog=shop(), parser=Parser())
    session_ = own.open(session())
    version = session_.version
    own.use(shop())
    assert session_.version == version
    own.use(
        build_catalog(
            relations=(
                CUSTOMERS,
                Relation(oid=9, namespace="public", name="fresh", columns=(Column(name="a", number=1),)),
            )
        )
    )
    assert session_.version != version
    assert session_.understand("SELECT a FROM fresh").actions[0].complete
    assert session_.origin(9, 1) == ColumnRef(namespace="public", object="fresh", column="a")
    session_.close()
    assert own.catalog.relation("orders", "public", ()) is None


def test_a_tree_that_is_not_as_expected_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    from passgate.languages.sql import language as module

    for error in (KeyError("x"), TypeError(), ValueError(), ZeroDivisionError(), AttributeError(), RecursionError()):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(module.statements, "read_statement", fail)
        found = language().open(session()).understand("SELECT 1").actions[0]
        assert (found.verb, found.complete) == ("unknown", False)


def test_a_view_that_changed_in_the_catalog_is_read_anew() -> None:
    def catalog(definition: str) -> SqlLanguage:
        view = Relation(
            oid=5,
            namespace="public",
            name="v",
            kind="view",
            columns=(Column(name="a", number=1),),
            view_definition=definition,
        )
        return SqlLanguage(catalog=build_catalog(relations=(CUSTOMERS, view)), parser=Parser())

    own = catalog("SELECT name FROM public.customers")
    session_ = own.open(session())
    assert "select customers.ssn output" not in words(session_.understand("SELECT a FROM v").actions[0])
    own.use(catalog("SELECT ssn FROM public.customers").catalog)
    assert "select customers.ssn output" in words(session_.understand("SELECT a FROM v").actions[0])
