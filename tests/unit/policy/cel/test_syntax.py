from passgate.policy.cel.parser import parse
from passgate.policy.cel.syntax import Literal, Name, walk


def test_walk_reaches_every_node() -> None:
    text = "a.b[c] && !d || [1, e].exists(x, x == f(2, g)) ? h.i(3) : [4].map(y, y > 5, -j) == k"
    nodes = list(walk(parse(text)))
    assert {node.name for node in nodes if isinstance(node, Name)} == set("acdegjhkxy")
    assert {node.value for node in nodes if isinstance(node, Literal)} == {1, 2, 3, 4, 5}


def test_nodes_are_told_apart_by_identity() -> None:
    left, right = parse("a"), parse("a")
    assert left != right
    assert len({left, right}) == 2
