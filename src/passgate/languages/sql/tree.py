"""The parser's tree, as it comes: nested dicts and lists in libpg_query's JSON form.

A node is ``{"SelectStmt": {...}}``: one key, the type's name. Fields whose C type is concrete are not wrapped in their type's name
(``withClause``, ``larg``, ``rarg``, ``relation``, ``into``, ``typeName``, ``returningClause``, ...), fields at their zero value are
left out, and lists nest (``{"List": {"items": [...]}}``). Nothing outside ``languages.sql`` may see a node.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedStatement:
    """One statement of a text.

    ``tag`` is the type of the statement node (``SelectStmt``), ``node`` its fields. ``text`` is the exact slice that the server
    would run, without the closing semicolon; it begins at byte ``position`` of the whole text (UTF-8), and every ``location``
    in the tree counts from the whole text too. ``fingerprint`` is equal for statements that differ in literals only.
    """

    tag: str
    node: Node
    text: str
    position: int
    fingerprint: str


def unwrap(node: Node) -> tuple[str, Node]:
    """A wrapped node's type and fields; ``("", {})`` for an empty node, which stands for a NULL in a list."""
    for tag, body in node.items():
        return tag, body
    return "", {}


def items(field: object) -> list[Node]:
    """A field as a list of nodes: it may be missing, a plain JSON list, or a wrapped ``List`` node."""
    if isinstance(field, list):
        return field
    if isinstance(field, dict):
        found: list[Node] = field.get("List", field).get("items", [])
        return found
    return []


def words(field: object) -> tuple[str, ...]:
    """The strings of a list of ``String`` nodes: a qualified name, from the outermost qualifier to the name itself."""
    return tuple(node["String"].get("sval", "") for node in items(field) if "String" in node)


def qualified(names: Iterable[str]) -> tuple[str, str]:
    """``(namespace, name)`` of a name of one to three parts; the namespace is empty if none was written.

    A database name in front does not matter: the server refuses any but its own.
    """
    parts = tuple(names)
    return (parts[-2] if len(parts) > 1 else "", parts[-1] if parts else "")
