"""A login at a target that a secrets server made for one session, and must be told to take away."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """``id``: the server's own. ``server``: the operator's name of it. ``user``: the login; its password is never part of this."""

    id: str
    server: str
    resource: str
    session: str
    user: str
    expires: datetime
