from passgate.languages.sql.catalog import Column, Relation
from passgate.languages.sql.knowledge import build_catalog
from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from tests.unit.languages.sql.shop import CUSTOMERS, said, session, shows


def view(definition: str | None, *columns: str) -> Relation:
    return Relation(
        oid=1,
        namespace="public",
        name="v",
        kind="view",
        columns=tuple(Column(name=name, number=number) for number, name in enumerate(columns, 1)),
        view_definition=definition,
    )


def read(definition: str | None, *columns: str) -> str:
    language = SqlLanguage(catalog=build_catalog(relations=(CUSTOMERS, view(definition, *columns))), parser=Parser())
    return "; ".join(language.open(session()).understand("SELECT * FROM v").actions[0].gaps)


def test_reading_a_view_reads_what_it_reads() -> None:
    assert shows("SELECT ref FROM customer_v") == {"ref": "=customer_v.ref,customers.ssn"}
    found = said("SELECT ref FROM customer_v")
    assert {
        "select customer_v",
        "select customers",
        "select customers.name predicate",
        "select customers.ssn output",
    } <= set(found)
    assert "select customers.email output" not in found


def test_a_view_that_is_not_understood_is_a_gap() -> None:
    assert read("SELECT id FROM public.customers", "a") == ""
    assert "definition of view public.v is not known" in read(None, "a")
    assert "is not understood" in read("SELEKT", "a")
    assert "is not understood" in read("SELECT 1; SELECT 2", "a")
    assert "relation public.nosuch is not known" in read("SELECT 1 FROM public.nosuch", "a")
    assert "cannot be told" in read("SELECT 1, 2", "a")
    assert "reads itself" in read("SELECT * FROM public.v", "a")
