import pytest

from tests.unit.languages.sql.shop import action, acts, shows


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        ("SELECT id FROM orders", "select", "read", ["select relation public.orders.id read"]),
        ("TABLE orders", "select", "read", ["select relation public.orders.note read"]),
        ("VALUES (1)", "select", "read", []),
        ("SELECT 1 FROM orders FOR UPDATE", "select", "read", ["lock_rows relation public.orders write"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_the_shape_of_the_result() -> None:
    assert shows("SELECT id, note || '' AS n FROM orders") == {"id": "=orders.id", "n": "orders.note"}
    assert action("SELECT * FROM nosuch_rows(1) x").outputs is None
