"""What a client asks a person for, from its first request to the consent."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from passgate.core.action import VerbClass
from passgate.core.errors import OAuthError
from passgate.pipeline.issuing import API_PATH, AuthorizationQuery

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""SHA-256 in base64url (RFC 7636, section 4.2)."""

_MAX_STATE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``resources`` empty: all that the person may have, unless ``api``: the control API, which has no verbs.

    A browser goes back to ``redirect_uri`` with ``state``; a device has a ``user_code`` and neither.
    """

    client_id: str
    verbs: frozenset[VerbClass]
    resources: frozenset[str]
    api: bool
    redirect_uri: str = ""
    state: str = field(default="", repr=False)
    challenge: str = ""
    user_code: str = ""

    def written(self) -> dict[str, str]:
        return {
            "client_id": self.client_id,
            "verbs": " ".join(sorted(verb.value for verb in self.verbs)),
            "resources": " ".join(sorted(self.resources)),
            "api": "yes" if self.api else "",
            "redirect_uri": self.redirect_uri,
            "state": self.state,
            "challenge": self.challenge,
            "user_code": self.user_code,
        }


def read_asked(written: Mapping[str, str]) -> Asked:
    """What ``written`` wrote."""
    return Asked(
        client_id=written["client_id"],
        verbs=frozenset(VerbClass(verb) for verb in written["verbs"].split()),
        resources=frozenset(written["resources"].split()),
        api=bool(written["api"]),
        redirect_uri=written["redirect_uri"],
        state=written["state"],
        challenge=written["challenge"],
        user_code=written["user_code"],
    )


def asked_by_browser(query: AuthorizationQuery, *, url: str, known: Sequence[str]) -> Asked:
    """Client and redirect must have been checked. Raises OAuthError, which the client may be told."""
    if query.response_type != "code":
        raise OAuthError("unsupported_response_type", "the response type is code")
    if query.code_challenge_method != "S256" or _CHALLENGE.fullmatch(query.code_challenge) is None:
        raise OAuthError("invalid_request", "PKCE is needed: a code_challenge, with the code_challenge_method S256")
    api, resources = targets(query.resources, url=url, known=known)
    return Asked(
        client_id=query.client_id,
        verbs=scope(query.scope, api=api),
        resources=resources,
        api=api,
        redirect_uri=query.redirect_uri,
        state=query.state,
        challenge=query.code_challenge,
    )


def check_state(state: str) -> None:
    """Raises OAuthError."""
    if len(state) > _MAX_STATE or not state.isprintable():
        raise OAuthError("invalid_request", f"state is a text of at most {_MAX_STATE} characters")


def targets(asked: Sequence[str], *, url: str, known: Sequence[str]) -> tuple[bool, frozenset[str]]:
    """Resource indicators (RFC 8707): the control API, or resources by name; none where the whole gate is asked for.

    Raises OAuthError.
    """
    behind = {url: "", f"{url}/": "", **{f"{url}/{name}": name for name in (*known, API_PATH[1:])}}
    if not frozenset(asked) <= behind.keys():
        raise OAuthError(
            "invalid_target", f"a resource is {url}, {url}{API_PATH}, or the name of a resource of models behind {url}/"
        )
    names = frozenset(behind[one] for one in asked)
    if API_PATH[1:] not in names:
        return False, frozenset() if "" in names else names
    if len(names) > 1:
        raise OAuthError("invalid_target", "a token for the control API is for nothing else")
    return True, frozenset()


def scope(text: str, *, api: bool) -> frozenset[VerbClass]:
    """Raises OAuthError."""
    words = text.split()
    if api:
        if words:
            raise OAuthError(
                "invalid_scope", "the control API has no scopes: what somebody may do there is their role's"
            )
        return frozenset()
    known = {verb.value for verb in VerbClass}
    wrong = [word for word in words if word not in known]
    if wrong:
        raise OAuthError("invalid_scope", f"the scope is of {', '.join(sorted(known))}")
    return frozenset(VerbClass(word) for word in words) or frozenset({VerbClass.READ})
