"""Whether a condition really narrows the rows of a write, and whether it pins the whole key.

Effective means: the condition implies one of the forms on a short list that can leave rows out (a column equal to constants, a
range with a bound that means something, a prefix, IS NULL, a join to another relation, ...). Every other form counts for nothing,
so that a tautology has to be on the list to pass, not the other way round. Three-valued: a row whose condition is NULL is left
out, as with FALSE.

``NOT`` is pushed down to the comparisons. ``AND`` is as strong as its strongest part. ``OR`` needs every part, and parts that could
complete one another (two ranges, or a range and anything else over the same column) count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.languages.sql.catalog import Catalog, Relation
from passgate.languages.sql.comparisons import equals_is_plain, range_narrows
from passgate.languages.sql.folding import TEXT_TYPES, Folder, as_boolean, type_of
from passgate.languages.sql.narrowing import EVERYTHING, NOTHING, Narrowed, Strength, all_of, any_of, point, ranged
from passgate.languages.sql.patterns import like_narrows, regex_narrows
from passgate.languages.sql.sources import Source, Target, sources_of
from passgate.languages.sql.subselects import array_subselect, exists_narrows, select_narrows
from passgate.languages.sql.tree import Node, items, qualified, unwrap, words
from passgate.pipeline.protocols import Input

MAX_DEPTH = 100
"""Deeper conditions count for nothing."""

PIN_LIMIT = 100
"""At most so many keys pinned by one statement still count as pinned."""

_NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LIKE = {"~~", "~~*"}
_KEEPING_FUNCTIONS = frozenset({"lower", "upper", "btrim", "date"})
"""Functions of one column that equality with a constant may stand behind."""

_KEEPING_CASTS = frozenset({"int4", "int8", "numeric", "date", "timestamp", "timestamptz", "uuid"}) | TEXT_TYPES
"""Casts of a column that equality with a constant may stand behind: to bool, everything but zero is equal."""

_FIELDS = {
    "extract": frozenset({"year"}),
    "date_part": frozenset({"year"}),
    "date_trunc": frozenset({"year", "quarter", "month", "week", "day", "hour"}),
}
"""Parts of a point in time that do not come round again: a list of twelve months is every month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``inputs_matter``: a bound parameter decides, so it must be asked again with the values."""

    where_effective: bool
    key_pinned: bool
    inputs_matter: bool


def judge(
    where: Node | None,
    *,
    relation: Relation,
    catalog: Catalog,
    search_path: tuple[str, ...] = ("public",),
    alias: str = "",
    sources: Sequence[Node] = (),
    ctes: frozenset[str] = frozenset(),
    inputs: Sequence[Input] | None = None,
) -> Verdict:
    """Judge the condition of an UPDATE or DELETE on ``relation``, or the ON of a MERGE.

    ``where`` is the wrapped node, None where there is none. ``sources`` are the nodes of FROM (UPDATE), USING (DELETE) or a MERGE's
    one source.
    """
    folder = Folder(inputs)
    others, _ = sources_of(sources, catalog=catalog, search_path=search_path, ctes=ctes, folder=folder)
    target = Target(
        relation=relation,
        name=alias or relation.name,
        catalog=catalog,
        search_path=search_path,
        others=others,
        ctes=ctes,
    )
    condition = Condition(target, folder)
    found = condition.narrows(where) if where else NOTHING
    return Verdict(
        where_effective=found.strength > Strength.NONE,
        key_pinned=_pinned(found, relation),
        inputs_matter=folder.inputs_matter,
    )


def _pinned(found: Narrowed, relation: Relation) -> bool:
    for key in relation.not_null_keys:
        counts = [found.pins[column] for column in key if column in found.pins]
        if len(counts) == len(key):
            total = 1
            for count in counts:
                total *= count
            if total <= PIN_LIMIT:
                return True
    return False


class Condition:
    """One condition over one target."""

    def __init__(self, target: Target, folder: Folder, depth: int = 0) -> None:
        self._target = target
        self._folder = folder
        self._depth = depth

    def narrows(self, node: Node, *, negated: bool = False) -> Narrowed:
        """What the condition, or its negation, implies."""
        self._depth += 1
        try:
            if self._depth > MAX_DEPTH:
                return NOTHING
            tag, body = unwrap(node)
            if tag == "BoolExpr":
                return self._connective(body, negated)
            if tag == "A_Expr":
                return self._expression(body, negated)
            if tag == "NullTest":
                return self._null_test(body, negated)
            if tag == "BooleanTest":
                return self._boolean_test(body, negated)
            if tag == "SubLink":
                return NOTHING if negated else self._sub_select(body)
            if tag == "CurrentOfExpr":
                return NOTHING if negated else point("ctid")
            if tag == "ColumnRef":
                column = self._boolean_column(node)
                return ranged(column) if column else NOTHING
            return self._constant(node, negated)
        finally:
            self._depth -= 1

    def _constant(self, node: Node, negated: bool) -> Narrowed:
        """TRUE leaves nothing out, FALSE and NULL everything."""
        found = self._folder.value(node)
        if found is None:
            return NOTHING
        if found.value is None:
            return EVERYTHING
        truth = as_boolean(found)
        return EVERYTHING if truth is negated else NOTHING

    def _connective(self, body: Node, negated: bool) -> Narrowed:
        operator = body.get("boolop")
        parts = items(body.get("args"))
        if operator == "NOT_EXPR":
            return self.narrows(parts[0], negated=not negated)
        found = [self.narrows(part, negated=negated) for part in parts]
        return all_of(found) if (operator == "AND_EXPR") is not negated else any_of(found)

    def _null_test(self, body: Node, negated: bool) -> Narrowed:
        column = self._column(body.get("arg"))
        if not column:
            return NOTHING
        is_null = (body.get("nulltesttype") == "IS_NULL") is not negated
        if is_null:
            return point(column)
        known = self._target.relation.column(column)
        plain = self._target.relation.kind in ("table", "partitioned", "foreign")
        return ranged(column) if plain and known is not None and not known.not_null else NOTHING

    def _boolean_test(self, body: Node, negated: bool) -> Narrowed:
        """``x IS TRUE`` leaves out what ``x`` does, ``x IS FALSE`` what ``NOT x`` does; the others let NULL in."""
        kind = body.get("booltesttype", "")
        column = self._boolean_column(body["arg"])
        if column:
            return NOTHING if kind.endswith("UNKNOWN") else ranged(column)
        if negated or kind not in ("IS_TRUE", "IS_FALSE"):
            return NOTHING
        return self.narrows(body["arg"], negated=kind == "IS_FALSE")

    def _expression(self, body: Node, negated: bool) -> Narrowed:
        kind = body.get("kind")
        name = words(body.get("name"))
        if name[:-1] not in ((), ("pg_catalog",)):
            return NOTHING
        operator = name[-1]
        left, right = body.get("lexpr"), body.get("rexpr")
        if kind == "AEXPR_OP":
            return self._operator(operator, left, right, negated)
        if kind == "AEXPR_IN":
            return self._in(left, items(right)) if (operator == "=") is not negated else NOTHING
        if kind == "AEXPR_OP_ANY":
            return self._any(left, right) if operator == "=" and not negated else NOTHING
        if kind == "AEXPR_NOT_DISTINCT":
            return NOTHING if negated else self._equals(left, right)
        if kind in ("AEXPR_BETWEEN", "AEXPR_BETWEEN_SYM"):
            return NOTHING if negated else self._between(left, items(right), symmetric=kind == "AEXPR_BETWEEN_SYM")
        if kind in ("AEXPR_LIKE", "AEXPR_ILIKE"):
            return self._like(left, right) if operator in _LIKE and not negated else NOTHING
        return NOTHING

    def _operator(self, operator: str, left: Node | None, right: Node | None, negated: bool) -> Narrowed:
        if operator in ("~", "~*"):
            return self._regex(left, right) if not negated else NOTHING
        if operator == "@>" and not negated:
            return self._contains(left, right)
        if negated:
            operator = _NEGATED.get(operator, "")
        if operator not in _FLIPPED:
            return NOTHING
        if self._folder.constant(left) and self._folder.constant(right):
            return self._folded(operator, left, right)
        if operator == "=":
            return self._equals(left, right)
        if operator == "<>":
            return self._differs(left, right)
        column = self._column(left)
        if column and self._folder.constant(right):
            return self._range(column, operator, right)
        column = self._column(right)
        if column and self._folder.constant(left):
            return self._range(column, _FLIPPED[operator], left)
        return NOTHING

    def _folded(self, operator: str, left: Node | None, right: Node | None) -> Narrowed:
        """A comparison of two constants of one kind; only a certain FALSE or NULL says anything."""
        first, second = self._folder.value(left), self._folder.value(right)
        if first is None or second is None:
            return NOTHING
        if first.value is None or second.value is None:
            return EVERYTHING
        a, b = first.value, second.value
        if type(a) is not type(b) or isinstance(a, str) or isinstance(b, str):
            return NOTHING  # texts compare by a collation
        outcome = {"=": a == b, "<>": a != b, "<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[operator]
        return NOTHING if outcome else EVERYTHING

    def _equals(self, left: Node | None, right: Node | None) -> Narrowed:
        for one, other in ((left, right), (right, left)):
            tag, body = unwrap(one or {})
            if tag == "RowExpr":
                values = items(unwrap(other or {})[1].get("args")) if "RowExpr" in (other or {}) else []
                parts = items(body.get("args"))
                return all_of([self._equals(a, b) for a, b in zip(parts, values, strict=False)]) if values else NOTHING
            column = self._column(one)
            if column and self._folder.constant(other):
                return self._equal_column(column, other)
            if column and other and "SubLink" in other and unwrap(other)[1].get("subLinkType") == "EXPR_SUBLINK":
                return self._scalar_select(column, unwrap(other)[1])
            if column and other and "ColumnRef" in other:
                return self._joined(column, other)
            wrapped = self._kept_column(one)
            if wrapped and self._folder.constant(other):
                return point(wrapped)
        return NOTHING

    def _equal_column(self, column: str, value: Node | None) -> Narrowed:
        if not equals_is_plain(self._target.relation, column):
            known = self._target.relation.column(column)
            return ranged(column) if known is not None and known.type_name == "bool" else NOTHING
        return point(column, pins=1 if self._folder.constant(value, functions=False) else 0)

    def _differs(self, left: Node | None, right: Node | None) -> Narrowed:
        """``<>`` leaves out one value, which for most columns no row need have: only for a boolean is it half of them."""
        for one, other in ((left, right), (right, left)):
            column = self._boolean_column(one)
            if column and self._folder.constant(other):
                return ranged(column)
        return NOTHING

    def _range(self, column: str, operator: str, bound: Node | None) -> Narrowed:
        narrows = range_narrows(self._target.relation, column, operator, bound, self._folder)
        return ranged(column) if narrows else NOTHING

    def _between(self, left: Node | None, bounds: list[Node], *, symmetric: bool) -> Narrowed:
        column = self._column(left)
        if not column or len(bounds) != 2 or not all(self._folder.constant(bound) for bound in bounds):
            return NOTHING
        low, high = bounds
        if symmetric:
            numbers = self._folder.number(low), self._folder.number(high)
            if numbers[0] is None or numbers[1] is None:
                return NOTHING
            low, high = (low, high) if numbers[0] <= numbers[1] else (high, low)
        return all_of([self._range(column, ">=", low), self._range(column, "<=", high)])

    def _in(self, left: Node | None, values: list[Node]) -> Narrowed:
        if left and "RowExpr" in left:
            return any_of([self._equals(left, value) for value in values])
        if not all(self._folder.constant(value) for value in values):
            return NOTHING
        column = self._column(left)
        if not column:
            kept = self._kept_column(left)
            return point(kept) if kept else NOTHING
        if not equals_is_plain(self._target.relation, column):
            return NOTHING
        readable = all(self._folder.constant(value, functions=False) for value in values)
        return point(column, pins=len(values) if readable else 0)

    def _any(self, left: Node | None, array: Node | None) -> Narrowed:
        """``column = ANY (array)``."""
        column = self._column(left)
        if not column or not array:
            return NOTHING
        inner = array
        while "TypeCast" in inner:
            inner = inner["TypeCast"].get("arg", {})
        tag, body = unwrap(inner)
        if tag in ("A_ArrayExpr", "ArrayExpr"):
            return self._in(left, items(body.get("elements")))
        select = array_subselect(inner)
        if select is not None:
            return self._selected(column, select)
        if tag not in ("A_Const", "ParamRef") or not equals_is_plain(self._target.relation, column):
            return NOTHING
        found = self._folder.value(inner)
        if found is None or not isinstance(found.value, str) or not found.value.startswith("{"):
            return point(column)
        return point(column, pins=found.value.count(",") + 1)

    def _like(self, left: Node | None, right: Node | None) -> Narrowed:
        column = self._text_column(left)
        found = self._folder.value(right) if column else None
        narrows = found is not None and isinstance(found.value, str) and like_narrows(found.value)
        return point(column) if column and narrows else NOTHING

    def _regex(self, left: Node | None, right: Node | None) -> Narrowed:
        column = self._text_column(left)
        found = self._folder.value(right) if column else None
        narrows = found is not None and isinstance(found.value, str) and regex_narrows(found.value)
        return point(column) if column and narrows else NOTHING

    def _contains(self, left: Node | None, right: Node | None) -> Narrowed:
        """``column @> constant``: everything contains the empty document and the empty array."""
        column = self._column(left)
        inner = right or {}
        if column and "A_ArrayExpr" in inner:
            elements = items(inner["A_ArrayExpr"].get("elements"))
            return point(column) if elements and all(map(self._folder.constant, elements)) else NOTHING
        while "TypeCast" in inner:
            inner = inner["TypeCast"].get("arg", {})
        found = self._folder.value(inner) if column else None
        holds = found is not None and isinstance(found.value, str) and any(c.isalnum() for c in found.value)
        return point(column) if column and holds and found is not None and found.value != "empty" else NOTHING

    def _sub_select(self, body: Node) -> Narrowed:
        kind = body.get("subLinkType")
        select = unwrap(body.get("subselect", {}))[1]
        if kind == "ANY_SUBLINK" and words(body.get("operName")) in ((), ("=",)):
            column = self._column(body.get("testexpr"))
            return self._selected(column, select) if column else NOTHING
        if kind == "EXISTS_SUBLINK":
            column = exists_narrows(select, self._target, self._folder)
            return ranged(column) if column else NOTHING
        if kind == "EXPR_SUBLINK":
            return self._constant({"SubLink": body}, negated=False)
        return NOTHING

    def _inside(self, target: Target, conditions: Sequence[Node]) -> Strength:
        """How much conditions inside a sub-select leave out of a relation there."""
        condition = Condition(target, self._folder, self._depth)
        return all_of([condition.narrows(node) for node in conditions]).strength

    def _selected(self, column: str, select: Node) -> Narrowed:
        if not equals_is_plain(self._target.relation, column):
            return NOTHING
        found = select_narrows(select, column, self._target, self._folder, self._inside)
        if found.constants:
            return point(column, pins=found.constants)
        return ranged(column) if found.narrows else NOTHING

    def _scalar_select(self, column: str, sublink: Node) -> Narrowed:
        """``column = (SELECT ...)``: one value, if the select does not look at the row at hand."""
        if not equals_is_plain(self._target.relation, column):
            return NOTHING
        select = unwrap(sublink.get("subselect", {}))[1]
        found = select_narrows(select, column, self._target, self._folder, self._inside)
        return ranged(column) if found.uncorrelated else NOTHING

    def _joined(self, column: str, other: Node) -> Narrowed:
        """``column = other.column``: the rows that have a partner."""
        names = words(other["ColumnRef"].get("fields"))
        if not names or len(names) > 2:
            return NOTHING
        source = self._target.others.get(names[0]) if len(names) == 2 else self._only_source(names[0])
        if source is None or not equals_is_plain(self._target.relation, column):
            return NOTHING
        if source.constants:
            return point(column, pins=source.constants)
        return ranged(column) if source.narrows(self._target.relation, column) else NOTHING

    def _only_source(self, name: str) -> Source | None:
        """The source an unqualified column can only be of."""
        if self._target.relation.column(name) is not None or len(self._target.others) != 1:
            return None
        return next(iter(self._target.others.values()))

    def _column(self, node: Node | None) -> str:
        """Name of the target's column that an expression is, bare or inside a row field's parentheses; empty if it is not."""
        if not node or "ColumnRef" not in node:
            return ""
        fields = node["ColumnRef"].get("fields", ())
        names = words(fields)
        if len(names) != len(fields) or not names:
            return ""
        if len(names) == 2 and names[0] != self._target.name:
            return ""
        if len(names) == 3 and (names[0], names[1]) != (self._target.relation.namespace, self._target.name):
            return ""
        return names[-1] if len(names) <= 3 and self._target.relation.column(names[-1]) is not None else ""

    def _boolean_column(self, node: Node | None) -> str:
        column = self._column(node)
        known = self._target.relation.column(column) if column else None
        return column if known is not None and known.type_name == "bool" else ""

    def _text_column(self, node: Node | None) -> str:
        """A text column, bare or folded in case: other types' texts all begin alike."""
        column = self._column(node) or self._kept_column(node)
        known = self._target.relation.column(column) if column else None
        return column if known is not None and known.type_name in TEXT_TYPES else ""

    def _kept_column(self, node: Node | None) -> str:
        """The target's column inside an expression that tells its values apart well enough for equality with a constant."""
        tag, body = unwrap(node or {})
        column = ""
        if tag == "TypeCast" and type_of(body) in _KEEPING_CASTS:
            column = self._column(body.get("arg")) or self._kept_column(body.get("arg"))
        elif tag == "CollateClause":
            column = self._column(body.get("arg"))
        elif tag == "FuncCall":
            _, name = qualified(part for part in words(body.get("funcname")) if part != "pg_catalog")
            arguments = items(body.get("args"))
            if name in _KEEPING_FUNCTIONS and len(arguments) == 1:
                column = self._column(arguments[0])
            elif name in _FIELDS and len(arguments) == 2:
                unit = self._folder.value(arguments[0])
                known = unit is not None and str(unit.value).lower() in _FIELDS[name]
                column = self._column(arguments[1]) if known else ""
        elif tag == "A_Expr" and words(body.get("name"))[-1:] in (("->",), ("->>",), ("#>>",)):
            column = self._column(body.get("lexpr")) if self._folder.constant(body.get("rexpr")) else ""
        return column if column and equals_is_plain(self._target.relation, column) else ""
