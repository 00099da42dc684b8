import pytest

from passgate.languages.sql.statements.objects import parts_of, plain, with_effect
from tests.unit.languages.sql.shop import action


def test_a_name_in_any_form() -> None:
    assert parts_of({"String": {"sval": "a"}}) == ("a",)
    assert parts_of({"List": {"items": [{"String": {"sval": "a"}}, {"String": {"sval": "b.c"}}]}}) == ("a", "b.c")
    assert parts_of({"TypeName": {"names": [{"String": {"sval": "t"}}]}}) == ("t",)
    assert parts_of({"ObjectWithArgs": {"objname": [{"String": {"sval": "f"}}]}}) == ("f",)
    assert parts_of({"RangeVar": {"schemaname": "s.x", "relname": "r"}}) == ("s.x", "r")
    assert parts_of({"Integer": {"ival": 5}}) == ("5",)
    assert parts_of(None) == ()


def test_an_effect_is_added() -> None:
    found = with_effect(plain("index", "i", "s"), "destructive")
    assert (found.kind, found.name, found.namespace, found.effect) == ("index", "i", "s", "destructive")


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("COMMENT ON CONSTRAINT c ON orders IS 'x'", "constraint public.orders.c"),
        ("COMMENT ON DOMAIN d IS 'x'", "type d"),
        ("COMMENT ON DATABASE shop IS 'x'", "database shop"),
        ("ALTER DOMAIN d RENAME CONSTRAINT a TO b", "type d"),
        ("ALTER TYPE t RENAME ATTRIBUTE a TO b", "type t"),
        ("ALTER TABLE orders RENAME CONSTRAINT a TO b", "relation public.orders"),
        ("DROP RULE r ON orders", "rule public.orders.r"),
        ("DROP TEXT SEARCH PARSER p", "text_search p"),
        ("ALTER LARGE OBJECT 5 OWNER TO x", "large_object 5"),
    ],
)
def test_objects_are_named_by_kind(text: str, known: str) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert f"{found.atoms[0].object.kind} {found.atoms[0].object}" == known
