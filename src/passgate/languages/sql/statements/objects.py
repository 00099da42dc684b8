"""How DDL names objects: by kind of object, in a dozen forms."""

from passgate.core.action import ObjectRef
from passgate.languages.sql.names import object_of, unknown_object
from passgate.languages.sql.tree import Node, items, qualified, words
from passgate.languages.sql.walk import RANGE_VAR, Walk

RELATIONS = frozenset(
    {"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_FOREIGN_TABLE", "OBJECT_SEQUENCE"}
)  # fmt: skip
ON_RELATIONS = {
    "OBJECT_TRIGGER": "trigger",
    "OBJECT_POLICY": "policy",
    "OBJECT_RULE": "rule",
    "OBJECT_TABCONSTRAINT": "constraint",
}

KINDS = {
    "OBJECT_ACCESS_METHOD": "access_method",
    "OBJECT_AGGREGATE": "function",
    "OBJECT_ATTRIBUTE": "type",
    "OBJECT_CAST": "cast",
    "OBJECT_COLLATION": "collation",
    "OBJECT_CONVERSION": "conversion",
    "OBJECT_DATABASE": "database",
    "OBJECT_DOMAIN": "type",
    "OBJECT_DOMCONSTRAINT": "type",
    "OBJECT_EVENT_TRIGGER": "event_trigger",
    "OBJECT_EXTENSION": "extension",
    "OBJECT_FDW": "server",
    "OBJECT_FOREIGN_SERVER": "server",
    "OBJECT_FUNCTION": "function",
    "OBJECT_INDEX": "index",
    "OBJECT_LANGUAGE": "language",
    "OBJECT_LARGEOBJECT": "large_object",
    "OBJECT_OPCLASS": "operator_class",
    "OBJECT_OPERATOR": "operator",
    "OBJECT_OPFAMILY": "operator_family",
    "OBJECT_PARAMETER_ACL": "setting",
    "OBJECT_PROCEDURE": "procedure",
    "OBJECT_PUBLICATION": "publication",
    "OBJECT_ROLE": "role",
    "OBJECT_ROUTINE": "function",
    "OBJECT_SCHEMA": "schema",
    "OBJECT_STATISTIC_EXT": "statistics",
    "OBJECT_SUBSCRIPTION": "subscription",
    "OBJECT_TABLESPACE": "tablespace",
    "OBJECT_TRANSFORM": "transform",
    "OBJECT_TSCONFIGURATION": "text_search",
    "OBJECT_TSDICTIONARY": "text_search",
    "OBJECT_TSPARSER": "text_search",
    "OBJECT_TSTEMPLATE": "text_search",
    "OBJECT_TYPE": "type",
    "OBJECT_USER_MAPPING": "role",
}


def named_object(walk: Walk, kind: str, node: Node | None, relation: Node | None = None) -> tuple[ObjectRef, str]:
    """``(object, column)`` that a statement on an existing object names; a gap for a relation that is not known."""
    if relation is not None:
        if kind in RELATIONS or kind in ("OBJECT_COLUMN", "OBJECT_TYPE"):
            return walk.object(relation), ""
        walk.check("RangeVar", relation, RANGE_VAR)
        if kind in ON_RELATIONS:
            return walk.object(relation), ""
        return plain(KINDS.get(kind, ""), relation.get("relname", ""), relation.get("schemaname", "")), ""
    names = parts_of(node)
    if kind in RELATIONS:
        return _relation(walk, names), ""
    if kind == "OBJECT_COLUMN":
        return _relation(walk, names[:-1]), names[-1] if names else ""
    if kind in ON_RELATIONS:
        on = _relation(walk, names[:-1])
        return ObjectRef(
            kind=ON_RELATIONS[kind], name=names[-1] if names else "", namespace=str(on), known=on.known
        ), ""
    if kind not in KINDS:
        walk.gap(f"object kind {kind} is not known")
    namespace, name = qualified(names)
    return plain(KINDS.get(kind, "object"), name, namespace), ""


def plain(kind: str, name: str, namespace: str = "", effect: str = "") -> ObjectRef:
    """An object that the catalog snapshot does not hold: taken as named."""
    return ObjectRef(kind=kind, name=name, namespace=namespace, effect=effect)


def with_effect(object_: ObjectRef, effect: str) -> ObjectRef:
    """The same object, with what is done to it."""
    return ObjectRef(
        kind=object_.kind,
        name=object_.name,
        namespace=object_.namespace,
        system=object_.system,
        known=object_.known,
        effect=effect,
        tags=object_.tags,
    )


def _relation(walk: Walk, names: tuple[str, ...]) -> ObjectRef:
    namespace, name = qualified(names)
    found = walk.names.relation(name, namespace, walk.env.paths)
    if found is None or (not namespace and name in walk.env.shadowed):
        walk.gap(f"relation {'.'.join(names)} is not known")
        return unknown_object("relation", name, namespace)
    return object_of(found)


def parts_of(node: Node | None) -> tuple[str, ...]:
    """The name in any of the forms that grammar uses: a list, a string, a type, a function with its arguments."""
    if not node:
        return ()
    if "String" in node:
        return (node["String"].get("sval", ""),)
    if "TypeName" in node:
        return words(node["TypeName"].get("names"))
    if "ObjectWithArgs" in node:
        return words(node["ObjectWithArgs"].get("objname"))
    if "RangeVar" in node:
        relation = node["RangeVar"]
        return tuple(relation[part] for part in ("schemaname", "relname") if part in relation)
    if "Float" in node or "Integer" in node:
        body = next(iter(node.values()))
        return (str(body.get("fval", body.get("ival", 0))),)
    found: tuple[str, ...] = ()
    for item in items(node):
        found += parts_of(item)
    return found
