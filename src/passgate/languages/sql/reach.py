"""How far a write reaches: what its condition says of the rows it touches."""

from collections.abc import Sequence

from passgate.languages.sql.conditions import judge
from passgate.languages.sql.lineage import Reach
from passgate.languages.sql.names import Table
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk

ANYWHERE = Reach(where_effective=False, key_pinned=False)


def reach(
    walk: Walk, where: Node | None, table: Table | None, alias: str, others: Sequence[Node], scope: Scope
) -> Reach:
    """What a condition leaves of the target's rows; ``others`` are the other FROM items."""
    if table is None or len(walk.env.paths) != 1:
        return ANYWHERE
    found = judge(
        where,
        relation=table.relation,
        catalog=walk.names.catalog,
        search_path=walk.env.paths[0],
        alias=alias,
        sources=others,
        ctes=scope.with_.all_names(),
        inputs=walk.env.inputs,
    )
    if found.inputs_matter:
        walk.found.inputs_matter = True
    return Reach(found.where_effective, found.key_pinned)
