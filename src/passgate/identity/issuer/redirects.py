"""Where a browser may be sent with a code: to what a client has registered, and nowhere else."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+", re.ASCII)
_PLAIN = re.compile(r"[!-~]{1,2000}", re.ASCII)


def may_be_registered(uri: str) -> bool:
    """HTTPS; HTTP on the client's own machine (RFC 8252, section 7.3); or a scheme with a dot in it, as ``com.example.app:/done``
    (section 7.1). No fragment, no user."""
    parts = _split(uri)
    if parts is None or parts.fragment or uri.endswith("#") or "@" in parts.netloc or "\\" in uri:
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    if parts.scheme == "http":
        return parts.hostname in _LOOPBACK
    return _PRIVATE.fullmatch(parts.scheme) is not None


def is_registered(uri: str, registered: Iterable[str]) -> bool:
    """Letter for letter, except that a client on the person's own machine may listen on any port (RFC 8252, section 7.3)."""
    return may_be_registered(uri) and any(uri == one or _same_but_port(uri, one) for one in registered)


def with_answer(uri: str, answer: Mapping[str, str]) -> str:
    """The redirect with its parameters; those it has stay (RFC 6749, section 3.1.2)."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}"


def is_own_machine(uri: str) -> bool:
    parts = _split(uri)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def _same_but_port(uri: str, registered: str) -> bool:
    one, other = _split(uri), _split(registered)
    if one is None or other is None or not is_own_machine(registered):
        return False
    return (one.scheme, one.hostname, one.path, one.query) == (other.scheme, other.hostname, other.path, other.query)


def _split(uri: str) -> SplitResult | None:
    """None for what is no URI; its port is one then."""
    if _PLAIN.fullmatch(uri) is None:
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
