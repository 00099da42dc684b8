from passgate.core.action import Atom
from tests.unit.languages.sql.shop import action, understander, understood


def write(text: str, verb: str) -> Atom:
    return next(atom for atom in action(text).atoms if atom.verb == verb)


def test_how_far_a_write_reaches() -> None:
    by_key = write("DELETE FROM orders WHERE id = 1", "delete")
    assert (by_key.where_effective, by_key.key_pinned) == (True, True)
    some = write("UPDATE orders SET note = 'x' WHERE status = 'open'", "update")
    assert (some.where_effective, some.key_pinned) == (True, False)
    for condition in ("", "WHERE true", "WHERE id = id", "WHERE EXISTS (SELECT 1)"):
        everything = write(f"DELETE FROM orders {condition}", "delete")
        assert (everything.where_effective, everything.key_pinned) == (False, False)


def test_a_join_narrows_by_what_it_joins() -> None:
    joined = write("DELETE FROM orders o USING customers c WHERE o.id = 7 AND c.id = o.customer_id", "delete")
    assert (joined.where_effective, joined.key_pinned) == (True, True)


def test_a_parameter_may_decide() -> None:
    assert understood("DELETE FROM orders WHERE $1").inputs_matter
    assert not write("DELETE FROM orders WHERE $1", "delete").where_effective


def test_where_names_may_mean_two_things_nothing_is_narrow() -> None:
    session = understander()
    first = session.understand("SET search_path = other, public").actions[0]
    session.succeeded(first)
    found = session.understand("DELETE FROM public.orders WHERE id = 1").actions[0]
    assert not next(atom for atom in found.atoms if atom.verb == "delete").key_pinned
