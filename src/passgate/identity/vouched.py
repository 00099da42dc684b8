"""Who stands behind a pass, from whoever holds it to the human, and whose word that is."""

from passgate.core.principal import Principal


def is_vouched_by(principal: Principal, issuer: str) -> bool:
    """Was anybody in the chain let in by a token of this issuer? Their verified claims say it."""
    return any(who.claims.get("iss") == issuer for who in principal.links())
