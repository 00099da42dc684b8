"""Who a client is: the key of a pass, or a token that stands for one, in either of the headers where clients of models put one."""

import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from multidict import CIMultiDictProxy

from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import TokenEndedError, TokenRefusedError
from passgate.core.passes import Pass, PassState
from passgate.endpoints.attempts import LoginLimits
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import OwnTokens
from passgate.pipeline.access import AccessToken
from passgate.pipeline.protocols import Passes
from passgate.pipeline.secret_proof import proves

_KEY = re.compile(r"(pg_[0-9a-z]{1,60})\.([!-~]{1,200})", re.ASCII)
"""The pass's public id, a dot, its secret."""

_TOKEN = re.compile(r"(?:[A-Za-z0-9_-]{1,16000}\.){2}[A-Za-z0-9_-]{1,1000}", re.ASCII)
"""A signed JWT (RFC 7515, section 3.1), perhaps of somebody else."""

_BEARER = re.compile(r"bearer +(\S+)", re.IGNORECASE | re.ASCII)

_PROVEN = 4096
"""Keys remembered, each as 32 bytes; past that the one unused longest is proven anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a client presents."""

    pass_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, as it came."""

    text: str = field(repr=False)


def presented(headers: CIMultiDictProxy[str]) -> Key | Token:
    """The one Passgate key among the credentials of a request, or else the one token; others are not looked at.

    Tools may send a provider's key in one header and the gate's in the other, and some send the same in both. Raises RefusedError.
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
    tokens = {value.strip() for value in given if _TOKEN.fullmatch(value.strip())}
    if len(tokens) == 1:
        return Token(text=tokens.pop())
    if tokens:
        raise RefusedError(Cause.CREDENTIAL, "Two different tokens were sent: send one.")
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
    ``own``: the gate's own tokens, None where it issues none. One that was verified is remembered until it expires: whoever revokes
    what it was issued for revokes the pass that it stands for, and that is asked for at every call.
    """

    def __init__(
        self,
        *,
        passes: Passes,
        logins: LoginLimits,
        known: Callable[[str], Pass | None],
        now: Callable[[], datetime],
        own: OwnTokens | None = None,
    ) -> None:
        self._passes = passes
        self._logins = logins
        self._known = known
        self._now = now
        self._salt = secrets.token_bytes(32)
        self._proven: OrderedDict[bytes, None] = OrderedDict()
        self._own = own
        self._verified: OrderedDict[bytes, AccessToken] = OrderedDict()

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

    async def admit_token(self, token: Token, peer: str, *, name: str) -> Pass:
        """``name``: of the resource in front of the path, or empty. Raises RefusedError, StoreError."""
        own = self._own
        if own is None:
            raise RefusedError(
                Cause.CREDENTIAL,
                "This gate takes the key of a pass, which looks like <pass id>.<secret>, and no tokens.",
                why="no tokens are issued here",
            )
        audience = own.resource(name)
        digest = hashlib.blake2b(f"{audience} {token.text}".encode(), key=self._salt, digest_size=32).digest()
        found = self._verified.get(digest)
        if found is None or self._now() >= found.expires:
            if not self._logins.allow(peer, peer):
                raise _wrong("too many failed log-ins")
            try:
                found = await own.tokens.verify(token.text, audience=audience)
            except TokenEndedError as error:  # nobody guesses one
                raise RefusedError(Cause.PASS_ENDED, f"The access token is refused: {error}.", why=str(error)) from None
            except TokenRefusedError as error:
                self._logins.failed(peer, peer)
                raise RefusedError(Cause.CREDENTIAL, f"The access token is refused: {error}.", why=str(error)) from None
            self._verified[digest] = found
            if len(self._verified) > _PROVEN:
                self._verified.popitem(last=False)
        if found.pass_id is None:
            raise RefusedError(Cause.CREDENTIAL, "The access token opens no resource.", why="the token has no pass")
        self._verified.move_to_end(digest)
        return self._live(found.pass_id, self._known(found.pass_id) or self._passes.find(found.pass_id))

    def resource_metadata(self, name: str) -> str:
        """Where clients learn who issues tokens for here; empty where nobody does."""
        return self._own.metadata(name) if self._own is not None else ""

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
