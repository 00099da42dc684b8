"""Who a client is: the key of a pass, in either of the headers where clients of models' APIs put one."""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from multidict import CIMultiDictProxy

from passgate.codecs.llm.refusal import Cause
from passgate.core.passes import Pass, PassState
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import LoginLimits
from passgate.pipeline.protocols import Passes
from passgate.pipeline.secret_proof import proves

_KEY = re.compile(r"(pg_[0-9a-z]{1,60})\.([!-~]{1,200})", re.ASCII)
"""The pass's public id, a dot, its secret."""

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)

_PROVEN = 4096
"""Keys remembered, each as 32 bytes; past that the one unused longest is proven anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a client presents."""

    pass_id: str
    secret: str = field(repr=False)


def presented(headers: CIMultiDictProxy[str]) -> Key:
    """The one Passgate key among the credentials of a request; others are not looked at. Raises RefusedError.

    Tools may send a provider's key in one header and the gate's in the other, and some send the same in both.
    """
    given = list(headers.getall("x-api-key", ()))
    for value in headers.getall("Authorization", ()):
        bearer = _BEARER.fullmatch(value.strip())
        if bearer is not None:
            given.append(bearer[1])
    keys = {match.groups() for value in given if (match := _KEY.fullmatch(value.strip()))}
    if len(keys) == 1:
        pass_id, secret = keys.pop()
        return Key(pass_id=pass_id, secret=secret)
    if keys:
        raise RefusedError(Cause.CREDENTIAL, "Two different pass keys were sent: send one.")
    if given:
        raise RefusedError(
            Cause.CREDENTIAL,
            "The API key is not the key of a pass of this gate: it looks like <pass id>.<secret>.",
            why="no key of a pass",
        )
    raise RefusedError(
        Cause.CREDENTIAL,
        "No API key was sent: send the pass's key as Authorization: Bearer or as x-api-key.",
        why="no key",
    )


class Admission:
    """Whom a key belongs to. The secret is stretched once for each key; whether the pass lives is asked at every call.

    ``known``: the pass of a session that is open here. Whoever revokes a pass ends its sessions, so it need not be looked up again.
    """

    def __init__(
        self,
        *,
        passes: Passes,
        logins: LoginLimits,
        known: Callable[[str], Pass | None],
        now: Callable[[], datetime],
    ) -> None:
        self._passes = passes
        self._logins = logins
        self._known = known
        self._now = now
        self._salt = secrets.token_bytes(32)
        self._proven: OrderedDict[bytes, None] = OrderedDict()

    def admit(self, key: Key, peer: str) -> Pass:
        """Raises RefusedError, StoreError. ``peer``: an address without port."""
        digest = hashlib.blake2b(f"{key.pass_id}.{key.secret}".encode(), key=self._salt, digest_size=32).digest()
        if digest in self._proven:
            self._proven.move_to_end(digest)
            return self._live(key.pass_id, self._known(key.pass_id) or self._passes.find(key.pass_id))
        if not self._logins.allow(peer, key.pass_id):
            raise _wrong("too many failed log-ins")
        if not proves(key.secret, self._passes.verifier(key.pass_id)):
            self._logins.failed(peer, key.pass_id)
            raise _wrong("wrong or unknown pass")
        pass_ = self._live(key.pass_id, self._passes.find(key.pass_id))
        self._logins.succeeded(peer, key.pass_id)
        self._proven[digest] = None
        if len(self._proven) > _PROVEN:
            self._proven.popitem(last=False)
        return pass_

    def _live(self, pass_id: str, pass_: Pass | None) -> Pass:
        state = pass_.state(self._now()) if pass_ is not None else None
        if pass_ is None or state is not PassState.LIVE:
            ended = "was revoked" if state is PassState.REVOKED else "has expired"
            raise RefusedError(
                Cause.PASS_ENDED,
                f"The pass {pass_id} {ended}: ask for a new one.",
                why=f"the pass is {state or 'unknown'}",
            )
        return pass_


def _wrong(why: str) -> RefusedError:
    """One answer for passes that are and are not there."""
    return RefusedError(Cause.CREDENTIAL, "The API key is wrong.", why=why)
