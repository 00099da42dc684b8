"""Does what somebody was given still have a grant behind it?"""

from collections.abc import Sequence

from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.identity.grants import Grant


def is_covered(pass_: Pass, who: Principal, *, provider: str, grants: Sequence[Grant]) -> bool:
    """By groups and claims as they are now. How somebody signed in, and for how long a grant is, was judged when it was given."""
    mine = [
        grant
        for grant in grants
        if grant.provider == provider
        and (not grant.groups or grant.groups & who.groups)
        and all(who.claims.get(name) == value for name, value in grant.claims.items())
    ]
    return all(
        any(resource in grant.resources and pass_.verbs <= grant.verbs for grant in mine)
        for resource in pass_.resources
    )
