"""A role of its own for each session: made when it begins, with what its pass covers, gone when it ends.

Nobody but the gate ever knows its password, which the server is only given as a SCRAM verifier; it opens two connections, the
session's and that of a preview, and none after the pass has ended. What a crash leaves behind is swept: such roles are known by
their names, and by their time being over.
"""

import base64
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from scramp import ScramMechanism

from passgate.core.action import VerbClass
from passgate.core.errors import TargetUnavailableError
from passgate.core.session import Session
from passgate.endpoints.postgres.query import TargetConnection
from passgate.endpoints.postgres.settings import AuthMethod, Upstream

PREFIX = "passgate_"

_LOG = logging.getLogger(__name__)

_ITERATIONS = 4096
"""The least RFC 7677 allows; the password has 256 random bits, so more would only slow the log-in."""

_LEFT_BEHIND = """\
SELECT rolname FROM pg_catalog.pg_roles
WHERE rolname ~ '^passgate_[0-9a-hjkmnp-tv-z]{26}$' AND rolvaliduntil < pg_catalog.now()"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A credential that is there already."""

    text: str = field(repr=False)

    async def obtain(self) -> str:
        return self.text


class Minter:
    """``upstream`` logs in as somebody who may make roles and grant those of ``grants``: for each class of verbs the roles that a
    session's own role becomes a member of, if its pass covers the class."""

    def __init__(self, upstream: Upstream, grants: Mapping[VerbClass, Sequence[str]]) -> None:
        self._upstream = upstream
        self._grants = grants
        self._server = TargetConnection(upstream, application_name="passgate:roles")

    async def mint(self, session: Session) -> Upstream:
        """Make the session's role; how to log in as it. Raises TargetUnavailableError."""
        name = role_of(session)
        password = secrets.token_urlsafe(32)
        members = {role for verb in session.pass_.verbs for role in self._grants.get(verb, ())}
        await self._server(_creation(name, password, session.pass_.expires, sorted(members)))
        return replace(self._upstream, user=name, credential=Known(text=password), auth=frozenset({AuthMethod.SCRAM}))

    async def drop(self, name: str) -> None:
        """Take the role away, and its connection with it; what it owns becomes the gate's. Raises TargetUnavailableError."""
        role = _quoted(name)
        ended = "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = "
        taken = (f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP OWNED BY {role}", f"DROP ROLE {role}")
        await self._server("; ".join((ended + _literal(name), *taken)))

    async def sweep(self) -> Sequence[str]:
        """Drop the roles whose time is over; the names of those that are gone. One that cannot be dropped, since something hangs on
        it in another database, keeps none of the others. Raises TargetUnavailableError where none is gone."""
        gone: list[str] = []
        failure: TargetUnavailableError | None = None
        for name in [str(row[0]) for row in await self._server(_LEFT_BEHIND)]:
            try:
                await self.drop(name)
            except TargetUnavailableError as error:
                _LOG.warning("the role %s cannot be dropped: %s", name, error)
                failure = error
            else:
                gone.append(name)
        if failure is not None and not gone:
            raise failure
        return gone

    def close(self) -> None:
        self._server.close()


def role_of(session: Session) -> str:
    return PREFIX + session.id.lower()


def _creation(name: str, password: str, until: datetime, members: Sequence[str]) -> str:
    role = _quoted(name)
    made = (
        f"CREATE ROLE {role} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 2"
        f" PASSWORD {_literal(_verifier(password))} VALID UNTIL {_literal(until.isoformat())}"
    )
    granted = [f"GRANT {_quoted(member)} TO {role}" for member in members]
    return "; ".join((made, *granted, f"GRANT {role} TO CURRENT_USER"))


def _verifier(password: str) -> str:
    """As ``pg_authid.rolpassword`` has it (PostgreSQL manual, "pg_authid"): no log of the server ever holds the password."""
    salt, stored_key, server_key, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info(
        password, iteration_count=_ITERATIONS
    )
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"SCRAM-SHA-256${iterations}:{salt64}${stored64}:{server64}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
