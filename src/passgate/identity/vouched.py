"""Who stands behind a pass, from whoever holds it to the human, and whose word that is."""

from collections.abc import Iterator

from passgate.core.principal import Principal


def chain(principal: Principal) -> Iterator[Principal]:
    """Whoever acts first, then whom they act for."""
    who: Principal | None = principal
    while who is not None:
        yield who
        who = who.on_behalf_of


def is_vouched_by(principal: Principal, issuer: str) -> bool:
    """Was anybody in the chain let in by a token of this issuer? Their verified claims say it."""
    return any(who.claims.get("iss") == issuer for who in chain(principal))
