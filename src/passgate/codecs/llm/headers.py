"""Which headers cross the gate, in each direction (RFC 9110 section 7.6.1 says which never do).

Both lists are open: what is not named here passes, so that a provider's new header works on the day it appears.
"""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from passgate.codecs.llm.call import BESIDE, Leaf
from passgate.codecs.llm.own_credential import own_credential
from passgate.core.finding import Field

Headers = Iterable[tuple[str, str]]


class Provider(StrEnum):
    """Who is upstream, which decides in what form the credential is sent."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    COMPATIBLE = "compatible"


_HOP_BY_HOP = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
        *("transfer-encoding", "upgrade", "expect", "http2-settings"),
    )
)
_CREDENTIALS = frozenset(
    ("authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "set-cookie", "set-cookie2")
)
_FRAMING = frozenset(
    ("host", "content-length", "content-encoding", "accept-encoding", "content-md5", "digest", "content-digest")
)
_ROUTE = frozenset(("forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"))
_ELSEWHERE = frozenset(
    (
        *("x-http-method-override", "x-http-method", "x-method-override", "x-original-method", "x-forwarded-method"),
        *(
            "x-original-url",
            "x-original-uri",
            "x-original-path",
            "x-rewrite-url",
            "x-forwarded-prefix",
            "x-forwarded-uri",
        ),
        *("x-original-host", "x-envoy-original-path", "x-accel-redirect", "x-sendfile"),
    )
)
"""In which some servers read another method, path or host than was judged."""

_PARTIAL = frozenset(("range", "if-range"))
"""Half of a secret looks like none: answers are read whole or not at all."""

_WITHHELD = _CREDENTIALS | _FRAMING | _ROUTE | _ELSEWHERE | _PARTIAL

_JSON = re.compile(r"\s*application/(?:[a-z0-9.-]+\+)?json\s*(?:;|$)", re.IGNORECASE | re.ASCII)
_FAMILIAR = re.compile(
    r"(?:anthropic-|openai-|x-ratelimit-|cf-|x-envoy-)|(?:request-id|x-request-id|retry-after(?:-ms)?|x-should-retry)$",
    re.IGNORECASE,
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([^\s;"',]*)""", re.IGNORECASE)

_OF_ASCII = re.compile(r"utf-?8|us-ascii|ascii|iso-8859-\d{1,2}|windows-125\d", re.IGNORECASE | re.ASCII)

_OF_THE_HOST = frozenset(
    ("alt-svc", "strict-transport-security", "public-key-pins", "clear-site-data", "etag", "date", "server")
)
"""What an upstream says of its own host or of its own bytes, which are not the gate's."""

_OWN = "x-passgate-"

CLAIMS = frozenset(
    (
        *("x-claude-code-session-id", "x-claude-code-agent-id", "x-claude-code-parent-agent-id"),
        *("session_id", "session-id", "thread_id", "thread-id", "conversation_id", "conversation-id"),
        *("x-codex-turn-id", "x-client-request-id"),
    )
)
"""Headers in which a client says who it is."""

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IDS = {
    **dict.fromkeys(CLAIMS, re.compile(_UUID, re.IGNORECASE)),
    "idempotency-key": re.compile(rf"(?:[a-z]{{1,16}}-){{0,4}}{_UUID}", re.IGNORECASE),
}
"""Headers whose values, where they look like this, were made at random by an SDK."""

_RANDOM = frozenset(("idempotency-key",))
"""Headers whose name would have a detector take any id for a key: the value is looked at without it."""

_VERSION = re.compile(r"(?<=[A-Za-z]/)\d{1,4}(?:\.\d{1,5}){3}(?![\d.])")
"""Of a product in a User-Agent (RFC 9110, section 10.1.5): four numbers behind a name and a slash are no address."""

_PUBLIC_KEY = re.compile(r"sentry-public_key=[0-9a-f]{32}(?=,|$)")
"""Sentry's SDKs put it into every request; its name says that it is no secret, and it looks like one."""


def request_headers(headers: Headers, *, provider: Provider, credential: str | None) -> list[tuple[str, str]]:
    """What goes upstream, in the order it came, the upstream's credential last (None: it wants none).

    The body is sent decoded, and its answer is asked for undecoded, so that both can be looked at.
    """
    sent = _end_to_end(headers, _WITHHELD)
    sent.append(("accept-encoding", "identity"))
    if credential is not None:
        sent.append(credential_header(provider, credential))
    return sent


def credential_header(provider: Provider, credential: str) -> tuple[str, str]:
    """Anthropic's keys have a header of their own; its tokens of signed-in people (``sk-ant-oat``) do not."""
    if provider is Provider.ANTHROPIC and not credential.startswith("sk-ant-oat"):
        return "x-api-key", credential
    return "authorization", f"Bearer {credential}"


def answer_headers(headers: Headers, *, credential: str | None = None) -> list[tuple[str, str]]:
    """What comes back: ids, rate limits and everything else but what belongs to the connection, and never the credential,
    wherever the upstream may have put it and however written. What is not UTF-8, or holds a control character, is no value that a
    client could be told."""
    passed = _end_to_end(headers, _CREDENTIALS | _FRAMING | _OF_THE_HOST)
    own = own_credential(credential) if credential else None
    return [
        (name, value)
        for name, value in passed
        if value.isprintable() and (own is None or not own.stands_in(f"{name}: {value}".encode()))
    ]


def as_json(headers: Headers) -> list[tuple[str, str]]:
    """The headers of a body that was read as JSON: whoever reads it next reads it as that too, and not as a form."""
    return [
        (name, "application/json" if name.lower() == "content-type" and not _JSON.match(value) else value)
        for name, value in headers
    ]


def is_utf8(content_type: str) -> bool:
    """Whether a media type names no other charset than the one that everything is read in here."""
    named = _CHARSET.findall(content_type)
    plain = all(name.lower() in ("utf-8", "utf8", "us-ascii") for name in named)
    return plain and len(named) == content_type.lower().count("charset")


def keeps_ascii(content_type: str) -> bool:
    """Whether a media type names no charset in which bytes that are ASCII may say something else (UTF-7, UTF-16, EBCDIC): what was
    looked at would not be what is read."""
    named = _CHARSET.findall(content_type)
    return len(named) == content_type.lower().count("charset") and all(map(_OF_ASCII.fullmatch, named))


def is_familiar(name: str) -> bool:
    """Whether a header of an answer is one of the providers' own: ids, counts and times, made up by them."""
    return _FAMILIAR.match(name) is not None


def text_of(headers: Headers, query: str = "", ids: Iterable[str] = ()) -> Leaf | None:
    """Everything that would go upstream beside the body, as one text that can be looked at and not edited. ``query``: as it
    was sent; ``ids``: those in the path.

    What SDKs make up at random is left out where it looks like that: a detector may take it for a key.
    """
    lines = [
        _line_of(name, value)
        for name, value in _end_to_end(headers, _WITHHELD)
        if name not in _IDS or _IDS[name].fullmatch(value) is None
    ]
    text = "".join(lines).encode(errors="replace")
    if query:
        decoded = unquote_to_bytes(query.replace("+", " ")).decode(errors="replace")
        text += "".join(f"{part}\n" for part in decoded.split("&")).encode(errors="replace")
    text += "".join(f"{one}\n" for one in ids).encode(errors="replace")
    if not text:
        return None
    return Leaf(at=-1, pointer=BESIDE, field=Field.METADATA, text=text, fixed=True)


def _line_of(name: str, value: str) -> str:
    if name in _RANDOM:
        return f"{value}\n"
    if name == "baggage":
        value = _PUBLIC_KEY.sub("", value)
    elif name == "user-agent":
        value = _VERSION.sub("", value)
    return f"{name}: {value}\n"


def claims_of(headers: Mapping[str, str]) -> Mapping[str, str]:
    """What the client says of itself, as it says it."""
    return {lower: value for name, value in headers.items() if value and (lower := name.lower()) in CLAIMS}


def _end_to_end(headers: Headers, dropped: frozenset[str]) -> list[tuple[str, str]]:
    pairs = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in pairs if name == "connection" for token in value.split(",")}
    named |= _HOP_BY_HOP | dropped
    return [(name, value) for name, value in pairs if name not in named and not name.startswith(_OWN)]
