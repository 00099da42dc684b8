"""What is remembered of those who vouched for a pass."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """With what a provider is asked again whether somebody is still there.

    ``sub``: who it must still be, in the provider's own words. ``digest``: of the refresh token as it came and whose it is;
    ``sealed``: the one to use next, encrypted. ``confirmed``: when the provider last said yes; ``due``: when to ask it again.
    Times are in UTC.
    """

    id: str
    provider: str
    sub: str
    digest: str
    sealed: bytes = field(repr=False)
    confirmed: datetime
    due: datetime
