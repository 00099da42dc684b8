"""The relation that a condition is to narrow, and what else stands beside it to join with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from passgate.languages.sql.catalog import Catalog, Relation
from passgate.languages.sql.folding import Folder
from passgate.languages.sql.tree import Node, items, unwrap


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``relation`` is None for a sub-select, a function, a WITH query, an unknown name.

    ``constants``: how many rows it has, if every value in it is constant.
    """

    relation: Relation | None = None
    constants: int = 0

    def narrows(self, target: Relation, column: str) -> bool:
        """Whether a join on the target's ``column`` leaves rows of the target out.

        Not where the source is the target itself, or may hide it (a view), nor where a foreign key gives each row a partner.
        """
        relation = self.relation
        if relation is None or relation.kind not in ("table", "partitioned", "foreign"):
            return False
        if (relation.namespace, relation.name) == (target.namespace, target.name):
            return False
        if relation.oid in target.parents or (target.oid and target.oid in relation.parents):
            return False
        known = target.column(column)
        partner = any(
            key.columns == (column,) and (key.target_namespace, key.target_name) == (relation.namespace, relation.name)
            for key in target.foreign_keys
        )
        return not (partner and known is not None and known.not_null)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The relation whose rows a condition is to narrow, as the statement knows it.

    ``name``: its alias, or its own name without one. ``others``: what else stands in FROM, USING or as a MERGE's source, by alias.
    ``ctes``: names of WITH queries in sight, which hide relations of the same name.
    """

    relation: Relation
    name: str
    catalog: Catalog
    search_path: tuple[str, ...]
    others: dict[str, Source] = field(default_factory=dict)
    ctes: frozenset[str] = frozenset()


def sources_of(
    nodes: Sequence[Node],
    *,
    catalog: Catalog,
    search_path: tuple[str, ...],
    ctes: frozenset[str],
    folder: Folder,
) -> tuple[dict[str, Source], list[Node]]:
    """Sources by alias, and the conditions of inner joins among them. An outer join's condition leaves nothing out."""
    found: dict[str, Source] = {}
    joined: list[Node] = []
    waiting = list(nodes)
    while waiting:
        tag, body = unwrap(waiting.pop())
        alias = body.get("alias", {}).get("aliasname", "")
        if tag == "JoinExpr" and not alias:
            waiting += [body[side] for side in ("larg", "rarg") if side in body]
            if body.get("jointype") == "JOIN_INNER" and "quals" in body:
                joined.append(body["quals"])
        elif tag == "RangeVar":
            namespace = body.get("schemaname", "")
            name = body.get("relname", "")
            hidden = not namespace and name in ctes
            relation = None if hidden else catalog.relation(name, namespace, search_path)
            found[alias or name] = Source(relation=relation)
        elif tag == "RangeSubselect":
            found[alias] = Source(constants=constant_rows(unwrap(body.get("subquery", {}))[1], folder))
        else:
            found[alias or f" {len(found)}"] = Source()
    return found, joined


def constant_rows(select: Node, folder: Folder) -> int:
    """How many rows a VALUES list or a SELECT without FROM gives, if every value in it is constant; 0 if not."""
    if "withClause" in select or select.get("op", "SETOP_NONE") != "SETOP_NONE":
        return 0
    rows = items(select.get("valuesLists"))
    if rows:
        cells = [cell for row in rows for cell in items(row)]
        return len(rows) if all(folder.constant(cell, functions=False) for cell in cells) else 0
    targets = items(select.get("targetList"))
    if not targets or "fromClause" in select:
        return 0
    values = [unwrap(target)[1].get("val") for target in targets]
    return 1 if all(folder.constant(value, functions=False) for value in values) else 0
