"""What a person belongs to, as their provider says it; what it does not say is never read as "nothing"."""

import unicodedata
from collections.abc import Mapping

from passgate.core.errors import TokenRefusedError

MAX_GROUPS = 1000
"""Of one person. Entra ID sends 200 at most and Okta 100; with more, rules by group can no longer be overseen."""

_MAX_NAME = 256
_UNPRINTABLE = frozenset({"Cc", "Cs"})
"""Control characters, line ends among them, and halves of surrogate pairs: no provider's group has one by honest means."""


def read_groups(claims: Mapping[str, object], *, name: str, required: bool) -> frozenset[str]:
    """The groups in the claim ``name``, letter by letter: nothing is parted, trimmed or folded.

    ``required``: a missing claim is refused, for a provider leaves it out both for nobody's groups and for too many of them (Okta).
    Raises TokenRefusedError, with the remedy.
    """
    if _are_elsewhere(claims, name):
        raise TokenRefusedError(
            f"the claim {name} is left out because there are too many: have the provider send only the groups that are assigned "
            "to this application, or roles of the application instead"
        )
    groups = claims.get(name)
    if groups is None:
        if required:
            raise TokenRefusedError(
                f"the claim {name} is missing, and without it nobody knows the groups: have the provider send it, and not more "
                "groups than it sends at once"
            )
        return frozenset()
    if not isinstance(groups, list) or not all(isinstance(group, str) for group in groups):
        raise TokenRefusedError(f"the claim {name} is not a list of texts")
    if len(groups) > MAX_GROUPS:
        raise TokenRefusedError(f"the claim {name} holds more than {MAX_GROUPS} groups: have the provider send fewer")
    if not all(_is_name(group) for group in groups):
        raise TokenRefusedError(
            f"the claim {name} holds a group whose name is empty, too long, or has control characters"
        )
    return frozenset(groups)


def _are_elsewhere(claims: Mapping[str, object], name: str) -> bool:
    """OpenID Connect Core, section 5.6.2 (distributed claims), which is Entra ID's overage; ``hasgroups`` and ``groups:src1`` are
    its other spellings. What cannot be read as either counts as elsewhere."""
    pointers = claims.get("_claim_names")
    if pointers is not None and (not isinstance(pointers, Mapping) or name in pointers):
        return True
    if any(claim.startswith(f"{name}:src") for claim in claims):
        return True
    return name == "groups" and claims.get("hasgroups") not in (None, False, "false")


def _is_name(group: str) -> bool:
    return 0 < len(group) <= _MAX_NAME and not any(unicodedata.category(letter) in _UNPRINTABLE for letter in group)
