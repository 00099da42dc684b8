"""What PostgreSQL names a column that was given no name (parse_target.c, FigureColnameInternal)."""

from passgate.languages.sql.tree import Node, words

UNNAMED = "?column?"

_FIXED = {
    "CaseExpr": "case",
    "CoalesceExpr": "coalesce",
    "RowExpr": "row",
    "A_ArrayExpr": "array",
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
    "XmlSerialize": "xmlserialize",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_BY_FIELD = {
    "MinMaxExpr": ("op", {"IS_GREATEST": "greatest", "IS_LEAST": "least"}),
    "JsonFuncExpr": (
        "op",
        {"JSON_EXISTS_OP": "json_exists", "JSON_QUERY_OP": "json_query", "JSON_VALUE_OP": "json_value"},
    ),
    "XmlExpr": (
        "op",
        {
            "IS_XMLCONCAT": "xmlconcat",
            "IS_XMLELEMENT": "xmlelement",
            "IS_XMLFOREST": "xmlforest",
            "IS_XMLPARSE": "xmlparse",
            "IS_XMLPI": "xmlpi",
            "IS_XMLROOT": "xmlroot",
        },
    ),
}


def column_name(wrapped: Node | None) -> str:
    """The name of an unnamed target."""
    return _named(wrapped)[0] or UNNAMED


def _named(wrapped: Node | None) -> tuple[str, bool]:
    """The name, and whether it is better than a type's."""
    if not wrapped:
        return "", False
    kind, node = next(iter(wrapped.items()))
    if kind == "ColumnRef":
        names = words(node["fields"])
        return (names[-1] if names else ""), bool(names)
    if kind == "A_Indirection":
        fields = words(node["indirection"])
        return (fields[-1], True) if fields else _named(node.get("arg"))
    if kind == "FuncCall":
        return words(node["funcname"])[-1], True
    if kind == "TypeCast":
        name, better = _named(node.get("arg"))
        types = words(node.get("typeName", {}).get("names"))
        return (name, better) if better or not types else (types[-1], False)
    if kind == "CollateClause":
        return _named(node.get("arg"))
    return _syntax(kind, node)


def _syntax(kind: str, node: Node) -> tuple[str, bool]:
    if kind == "CaseExpr":
        name, better = _named(node.get("defresult"))
        return (name, True) if better else ("case", False)
    if kind == "A_Expr" and node.get("kind") == "AEXPR_NULLIF":
        return "nullif", True
    if kind == "SubLink":
        return _sub_select(node)
    if kind == "SQLValueFunction":
        return node.get("op", "").removeprefix("SVFOP_").removesuffix("_N").lower(), True
    if kind in _BY_FIELD:
        field, names = _BY_FIELD[kind]
        return names.get(node.get(field, ""), ""), True
    return _FIXED.get(kind, ""), kind in _FIXED


def _sub_select(node: Node) -> tuple[str, bool]:
    kind = node.get("subLinkType")
    if kind == "EXISTS_SUBLINK":
        return "exists", True
    if kind == "ARRAY_SUBLINK":
        return "array", True
    if kind == "EXPR_SUBLINK":
        select = node.get("subselect", {}).get("SelectStmt", {})
        while "larg" in select:
            select = select["larg"]
        targets = select.get("targetList")
        if targets:
            target = targets[0].get("ResTarget", {})
            name = target.get("name") or column_name(target.get("val"))
            return (name, True) if name != UNNAMED else ("", False)
        if "valuesLists" in select:
            return "column1", True
    return "", False
