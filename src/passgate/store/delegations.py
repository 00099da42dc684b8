"""How passes hang together that were delegated from one another."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass, PassState
from passgate.store.tables import DELEGATIONS, PASSES

_BELOW = select(DELEGATIONS.c.pass_id).where(DELEGATIONS.c.parent == bindparam("pass_id")).cte("below", recursive=True)
_BELOW = _BELOW.union(select(DELEGATIONS.c.pass_id).where(DELEGATIONS.c.parent == _BELOW.c.pass_id))
_LIVE_BELOW = (
    select(PASSES.c.id)
    .join(_BELOW, PASSES.c.id == _BELOW.c.pass_id)
    .where(PASSES.c.revoked.is_(None), PASSES.c.expires > bindparam("now"))
    .order_by(PASSES.c.id)
)


def below(connection: Connection, pass_id: str, *, live_at: datetime) -> tuple[str, ...]:
    """Ids of the live passes that were delegated from this one, and from those, and so on."""
    return tuple(connection.execute(_LIVE_BELOW, {"pass_id": pass_id, "now": live_at}).scalars())


def link(pass_: Pass) -> Mapping[str, object]:
    """The row of a delegated pass."""
    return {"pass_id": pass_.id, "parent": pass_.ancestors[0], "ancestors": list(pass_.ancestors)}


def check_link(pass_: Pass, parent: Pass | None) -> None:
    """Whatever was checked before: no pass is kept that is not narrower than the one it claims to come from.

    Raises PassRequestError.
    """
    if parent is None:
        raise PassRequestError(f"There is no pass {pass_.ancestors[0]} that {pass_.id} could be delegated from")
    state = parent.state(pass_.issued)
    if state is not PassState.LIVE:
        raise PassRequestError(f"The pass {parent.id} is {state}: nothing can be delegated from it")
    behind = pass_.principal.on_behalf_of
    for what, holds in (
        ("another chain of passes", pass_.ancestors == parent.lineage),
        ("another principal", behind == parent.principal),
        ("other resources", pass_.resources <= parent.resources),
        ("other verbs", pass_.verbs <= parent.verbs),
        ("a later end", pass_.expires <= parent.expires),
        ("no budget", pass_.budget is not None or parent.budget is None),
    ):
        if not holds:
            raise PassRequestError(f"What is delegated from the pass {parent.id} cannot have {what}")
