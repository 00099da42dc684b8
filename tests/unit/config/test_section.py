from collections.abc import Mapping

from passgate.config.section import Section, values_in


class Leaf(Section):
    name: str


class Tree(Section):
    one: Leaf
    many: tuple[Leaf, ...]
    named: Mapping[str, Leaf]


def test_every_value_is_named_as_an_error_names_it() -> None:
    tree = Tree(one=Leaf(name="a"), many=(Leaf(name="b"), Leaf(name="c")), named={"d": Leaf(name="e")})
    found = dict(values_in(tree))
    assert {name: value for name, value in found.items() if isinstance(value, str)} == {
        "one.name": "a",
        "many[0].name": "b",
        "many[1].name": "c",
        "named.d.name": "e",
    }
    assert found["many[1]"] == Leaf(name="c")
    assert found[""] == tree
