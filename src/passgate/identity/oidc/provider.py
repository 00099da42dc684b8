"""One trusted issuer of tokens, as the operator describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from passgate.core.principal import PrincipalKind

ASYMMETRIC = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Signatures that a verifier cannot make. ``none`` and the HS family can never be configured: with them the published key of an
RSA issuer would be a signing secret (RFC 8725, section 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """``issuer``: exactly as its tokens say it. ``audiences``: a token must be meant for one of them.

    ``subject`` and ``groups`` name the claims that say who it is and what they belong to. ``owner``: the human that agents of this
    issuer act for. ``claims``: what every token must say besides. ``leeway``: clock skew; ``max_age``: how old a token may be.

    ``groups_required``: a token without the claim of groups is refused. ``groups_from_userinfo``: they are not in the token but at
    the provider's userinfo endpoint. ``acr``: the claim that says how somebody signed in. ``nonce_required``: a token must have
    been asked for with a nonce by whoever brings it.
    """

    name: str
    issuer: str
    audiences: frozenset[str]
    kind: PrincipalKind = PrincipalKind.HUMAN
    subject: str = "sub"
    groups: str = "groups"
    owner: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)
    algorithms: frozenset[str] = frozenset({"RS256", "ES256"})
    leeway: timedelta = timedelta(seconds=30)
    max_age: timedelta = timedelta(hours=1)
    groups_required: bool = False
    groups_from_userinfo: bool = False
    acr: str = "acr"
    nonce_required: bool = False
