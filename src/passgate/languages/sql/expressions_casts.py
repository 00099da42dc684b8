"""Casts: which type, what code making a value of it runs, and which object a ``reg...`` constant names."""

import re

from passgate.core.action import VerbClass
from passgate.languages.sql.catalog import CATALOG, Relation, Type
from passgate.languages.sql.constants import literal
from passgate.languages.sql.expressions import declares, value
from passgate.languages.sql.lineage import Value, computed
from passgate.languages.sql.names import unknown_object
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

TYPE_NAME = frozenset({"names", "typeOid", "setof", "pct_type", "typmods", "typemod", "arrayBounds", "location"})

OBJECT_IDENTIFIERS = frozenset(
    {
        "regclass", "regproc", "regprocedure", "regoper", "regoperator", "regtype", "regrole", "regnamespace", "regconfig",
        "regdictionary", "regcollation", "regdatabase",
    }
)  # fmt: skip
"""Types whose text names an object (PostgreSQL documentation, 8.19 "Object Identifier Types")."""

_NUMERIC_IDENTIFIERS = OBJECT_IDENTIFIERS | {"oid", "int4", "int8", "integer", "bigint"}

_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s."]+))\s*(\.|$)')


@declares("TypeCast", "arg typeName location")
def _cast(walk: Walk, node: Node, scope: Scope) -> Value:
    found = value(walk, node.get("arg"), scope)
    name = type_name(walk, node.get("typeName", {}))
    if name.rstrip("[]") in OBJECT_IDENTIFIERS:
        identify(walk, name, node.get("arg"), found)
    for cast in walk.names.catalog.casts_to(name):
        walk.found.interned(walk.names.call(cast.function))
    # A length or a precision cuts: of ``ssn::varchar(4)`` a mask that keeps the last four characters would show the first.
    same = found.type == name and found.sources and "typmods" not in node["typeName"]
    return found if same else computed(found, name)


def convert(walk: Walk, type_: Type, found: Value) -> Value:
    """``type(x)`` where there is no such function."""
    name = _checked(walk, type_)
    for cast in walk.names.catalog.casts_to(name):
        walk.found.interned(walk.names.call(cast.function))
    return computed(found, name)


def type_name(walk: Walk, node: Node) -> str:
    """The internal name of a TypeName (schema in front unless it is the server's own), ``[]`` added for an array.

    Gap if the catalog has no such type; atoms for the code that its input runs.
    """
    walk.check("TypeName", node, TYPE_NAME)
    names = words(node.get("names"))
    if not names:
        walk.gap("a type without a name is not understood")
        return ""
    namespace = names[-2] if len(names) > 1 else ""
    name = names[-1]
    suffix = "[]" if "arrayBounds" in node else ""
    found = walk.names.type_(name, namespace, walk.env.paths)
    if found is None and name.startswith("_"):
        found = walk.names.type_(name[1:], namespace, walk.env.paths)
    if found is None:
        walk.gap(f"type {'.'.join(names)} is not known")
        return name
    return _checked(walk, found) + suffix


def _checked(walk: Walk, type_: Type) -> str:
    for function in type_.input_functions:
        walk.found.interned(walk.names.call(function))
    return type_.name if type_.namespace == CATALOG else f"{type_.namespace}.{type_.name}"


def identify(walk: Walk, type_: str, argument: Node | None, found: Value) -> None:
    """What a constant of an object identifier type names.

    Without knowing it, harmless are a number, and a name that comes out of the system's own catalog: it is looked up and shown,
    and a function that would read what it names is refused for not being given a constant.
    """
    text = literal(walk, argument)
    if text is None:
        from_catalog = bool(found.sources) and all(source.object.system for source in found.sources)
        if found.type not in _NUMERIC_IDENTIFIERS and not from_catalog:
            walk.gap(f"the object named by a computed {type_} cannot be told")
    elif type_ == "regclass":
        relation_named(walk, text)
    elif type_.endswith("[]"):
        walk.gap(f"the objects named by an array of {type_.rstrip('[]')} are not told apart")


def relation_named(walk: Walk, text: str) -> Relation | None:
    """The relation that a ``regclass`` text or number names, with an atom on it as a whole; a gap if there is none."""
    if not text or text == "-":
        return None
    if text.strip().isdigit():
        relation = walk.names.catalog.relation_by_oid(int(text.strip()))
    else:
        namespace, name = identifiers(text)
        relation = None if name in walk.env.shadowed else walk.names.relation(name, namespace, walk.env.paths)
    if relation is None:
        walk.gap("a relation named in a text is not known")
        walk.found.act(walk.found.read_verb, VerbClass.READ, unknown_object("relation", text[:128]))
        return None
    walk.read(relation)
    return relation


def identifiers(text: str) -> tuple[str, str]:
    """``(namespace, name)`` of a qualified name in a text, quoted or folded to lower case; empty if it is not one."""
    parts: list[str] = []
    at, more = 0, True
    while more:
        match = _PART.match(text, at)
        if match is None:
            return "", ""
        parts.append(match[1].replace('""', '"') if match[1] else match[2].lower())
        at, more = match.end(), match[3] == "."
    if at != len(text) or len(parts) > 3:
        return "", ""
    return (parts[-2] if len(parts) > 1 else "", parts[-1])
