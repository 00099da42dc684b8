import pytest

from tests.unit.languages.sql.shop import action, acts, shows


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "COPY customers TO STDOUT",
            "copy_out",
            "read",
            ["copy_out relation public.customers read", "copy_out relation public.customers.ssn read"],
        ),
        (
            "COPY customers (name) TO STDOUT WITH (FORMAT binary)",
            "copy_out",
            "read",
            ["copy_out relation public.customers.name read"],
        ),
        (
            "COPY (SELECT ssn FROM customers) TO STDOUT",
            "copy_out",
            "read",
            ["copy_out relation public.customers.ssn read"],
        ),
        (
            "COPY (DELETE FROM orders RETURNING note) TO STDOUT",
            "copy_out",
            "read",
            ["delete relation public.orders write"],
        ),
        (
            "COPY orders FROM STDIN",
            "copy_in",
            "write",
            ["copy_in relation public.orders write", "copy_in relation public.orders.note write"],
        ),
        (
            "COPY orders (note) FROM STDIN WHERE checked(note)",
            "copy_in",
            "write",
            ["call function public.checked code unknown"],
        ),
        (
            "COPY orders TO '/x'",
            "copy_file",
            "egress",
            ["copy_file file /x egress", "copy_out relation public.orders.note read"],
        ),
        (
            "COPY orders FROM '/etc/passwd'",
            "copy_file",
            "egress",
            ["copy_file file /etc/passwd egress", "copy_in relation public.orders write"],
        ),
        ("COPY orders FROM PROGRAM 'id'", "copy_program", "egress", ["copy_program program id egress"]),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_is_copied_shows() -> None:
    assert shows("COPY customers (ssn, name) TO STDOUT") == {"ssn": "=customers.ssn", "name": "=customers.name"}
    assert shows("COPY (SELECT upper(ssn) AS x FROM customers) TO STDOUT") == {"x": "customers.ssn"}
    assert shows("COPY events_1 TO STDOUT")["what"] == "=events.what,events_1.what"
    assert "events_1.what" not in shows("COPY events TO STDOUT")["what"]


def test_rows_that_come_past_the_text_are_not_narrow() -> None:
    assert not any(atom.where_effective or atom.key_pinned for atom in action("COPY orders FROM STDIN").atoms)


def test_what_is_not_understood() -> None:
    for text in (
        "COPY nosuch TO STDOUT",
        "COPY orders (nosuch) TO STDOUT",
        "COPY orders TO STDOUT WITH (novel)",
        "COPY nosuch FROM STDIN",
        "COPY (SELECT 1 INTO t) TO STDOUT",
    ):
        assert not action(text).complete, text


def test_what_is_no_text_is_no_bare_copy_once_it_is_written() -> None:
    """COPY names no types, and DateStyle says where in a date the year stands: a partial mask would show all of it by and by."""
    assert shows("COPY orders (total, note) TO STDOUT") == {"total": "orders.total", "note": "=orders.note"}
    assert shows("COPY (SELECT total, note FROM orders) TO STDOUT") == {"total": "orders.total", "note": "=orders.note"}
    assert shows("SELECT total FROM orders") == {"total": "=orders.total"}
