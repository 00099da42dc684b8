import pytest

from tests.unit.languages.sql.shop import action, acts


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("VACUUM FULL orders", "vacuum", "admin", ["vacuum relation public.orders admin maintenance"]),
        ("VACUUM", "vacuum", "admin", ["vacuum database  admin maintenance"]),
        ("ANALYZE customers (ssn)", "analyze", "admin", ["analyze relation public.customers.ssn admin maintenance"]),
        ("CLUSTER orders USING i", "cluster", "admin", ["cluster relation public.orders admin maintenance"]),
        ("CLUSTER", "cluster", "admin", []),
        ("REINDEX TABLE orders", "reindex", "admin", ["reindex relation public.orders admin maintenance"]),
        ("REINDEX INDEX CONCURRENTLY i", "reindex", "admin", ["reindex index i admin maintenance"]),
        ("REINDEX DATABASE shop", "reindex", "admin", ["reindex database shop admin maintenance"]),
        ("CHECKPOINT", "checkpoint", "admin", []),
        ("LOCK orders", "lock", "admin", ["lock relation public.orders admin"]),
        (
            "LOCK customer_v",
            "lock",
            "admin",
            ["lock relation public.customer_v admin", "lock relation public.customers admin"],
        ),
        ("LOCK events", "lock", "admin", ["lock relation public.events_1 admin"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_cannot_run_inside_a_transaction() -> None:
    for text in ("VACUUM orders", "CLUSTER", "REINDEX (CONCURRENTLY) TABLE orders", "REINDEX SCHEMA public"):
        assert action(text).facts["sql.concurrently"], text
    assert not action("ANALYZE orders").facts["sql.concurrently"]
    assert action("LOCK orders").facts["sql.locking"]


def test_what_is_not_known_cannot_be_locked() -> None:
    assert not action("LOCK nosuch").complete
    assert not action("VACUUM nosuch").complete
