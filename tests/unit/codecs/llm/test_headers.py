"""What crosses the gate beside the body."""

import pytest

from passgate.codecs.llm.call import BESIDE
from passgate.codecs.llm.headers import Provider, answer_headers, claims_of, credential_header, request_headers, text_of

SENT = [
    ("Host", "gate"),
    ("User-Agent", "Anthropic/Python 2.12.0"),
    ("Authorization", "Bearer pass.secret"),
    ("X-Api-Key", "pass.secret"),
    ("api-key", "pass.secret"),
    ("x-goog-api-key", "pass.secret"),
    ("Proxy-Authorization", "Basic x"),
    ("Cookie", "c=1"),
    ("Connection", "keep-alive, X-Private"),
    ("Keep-Alive", "timeout=5"),
    ("X-Private", "1"),
    ("Transfer-Encoding", "chunked"),
    ("Content-Length", "5"),
    ("Content-Encoding", "zstd"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Expect", "100-continue"),
    ("Upgrade", "websocket"),
    ("TE", "trailers"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Passgate-Call", "forged"),
    ("Content-Type", "application/json"),
    ("anthropic-beta", "a-1,b-2"),
    ("anthropic-beta", "c-3"),
    ("anthropic-version", "2023-06-01"),
    ("anthropic-brand-new", "1"),
    ("x-claude-code-session-id", "s"),
    ("x-stainless-lang", "python"),
    ("OpenAI-Organization", "org-1"),
    ("Idempotency-Key", "k"),
]


def test_what_is_of_the_connection_or_of_the_gate_stays_and_all_else_goes() -> None:
    assert request_headers(SENT, provider=Provider.OPENAI, credential="up") == [
        ("user-agent", "Anthropic/Python 2.12.0"),
        ("content-type", "application/json"),
        ("anthropic-beta", "a-1,b-2"),
        ("anthropic-beta", "c-3"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-brand-new", "1"),
        ("x-claude-code-session-id", "s"),
        ("x-stainless-lang", "python"),
        ("openai-organization", "org-1"),
        ("idempotency-key", "k"),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer up"),
    ]


@pytest.mark.parametrize(
    ("provider", "credential", "expected"),
    [
        (Provider.OPENAI, "sk-1", ("authorization", "Bearer sk-1")),
        (Provider.COMPATIBLE, "k", ("authorization", "Bearer k")),
        (Provider.ANTHROPIC, "sk-ant-api03-1", ("x-api-key", "sk-ant-api03-1")),
        (Provider.ANTHROPIC, "sk-ant-oat01-1", ("authorization", "Bearer sk-ant-oat01-1")),
    ],
)
def test_each_provider_gets_its_credential_in_its_own_form(
    provider: Provider, credential: str, expected: object
) -> None:
    assert credential_header(provider, credential) == expected
    assert request_headers([], provider=provider, credential=credential)[-1] == expected


def test_an_upstream_that_wants_no_credential_gets_none() -> None:
    names = [name for name, _ in request_headers(SENT, provider=Provider.COMPATIBLE, credential=None)]
    assert not {"authorization", "x-api-key", "cookie"} & set(names)


def test_ids_and_limits_come_back_and_nothing_of_the_upstreams_own() -> None:
    came = [
        ("Request-Id", "req_1"),
        ("X-Request-Id", "r"),
        ("anthropic-ratelimit-tokens-remaining", "5"),
        ("x-ratelimit-reset", "1s"),
        ("openai-processing-ms", "9"),
        ("retry-after", "2"),
        ("Location", "https://elsewhere"),
        ("Content-Type", "text/event-stream"),
        ("Cache-Control", "no-cache"),
        ("Set-Cookie", "c=1"),
        ("Content-Length", "5"),
        ("Content-Encoding", "gzip"),
        ("ETag", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("X-Api-Key", "up-secret"),
        ("x-echo", "you sent Bearer up-secret"),
        ("x-passgate-masked", "EMAIL=0"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Alt-Svc", "h3"),
    ]
    assert answer_headers(came, credential="up-secret") == [
        ("request-id", "req_1"),
        ("x-request-id", "r"),
        ("anthropic-ratelimit-tokens-remaining", "5"),
        ("x-ratelimit-reset", "1s"),
        ("openai-processing-ms", "9"),
        ("retry-after", "2"),
        ("location", "https://elsewhere"),
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache"),
    ]


def test_what_would_go_upstream_is_one_text_to_look_at() -> None:
    leaf = text_of(SENT, "beta=true&q=alice%40example.com+x&raw=%ff%41")
    assert leaf is not None
    assert (leaf.fixed, leaf.pointer) == (True, BESIDE)
    lines = leaf.text.decode().splitlines()
    assert "user-agent: Anthropic/Python 2.12.0" in lines
    assert "x-claude-code-session-id: s" in lines
    assert "q=alice@example.com x" in lines
    assert "raw=\ufffdA" in lines
    assert b"pass.secret" not in leaf.text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Idempotency-Key", "stainless-python-retry-0192f0c1-2a3b-7c4d-8e5f-0123456789ab", None),
        ("Idempotency-Key", "alice@example.com", b"alice@example.com\n"),
        (
            "Idempotency-Key",
            "sk-0192f0c1-2a3b-7c4d-8e5f-0123456789ab x",
            b"sk-0192f0c1-2a3b-7c4d-8e5f-0123456789ab x\n",
        ),
        ("User-Agent", "Windsurf/1.48.2.1 (1.2.3.4) x/1.2.3", b"user-agent: Windsurf/ (1.2.3.4) x/1.2.3\n"),
        ("User-Agent", "a/10.0.0.1.5 10.0.0.1 b:10.0.0.1", b"user-agent: a/10.0.0.1.5 10.0.0.1 b:10.0.0.1\n"),
        ("baggage", "a=b,sentry-public_key=" + "0a" * 16 + ",c=d", b"baggage: a=b,,c=d\n"),
        ("baggage", "sentry-public_key=" + "0a" * 17, b"baggage: sentry-public_key=" + b"0a" * 17 + b"\n"),
        ("x-other", "sentry-public_key=" + "0a" * 16, b"x-other: sentry-public_key=" + b"0a" * 16 + b"\n"),
    ],
)
def test_what_sdks_make_up_at_random_is_no_text(name: str, value: str, text: bytes | None) -> None:
    leaf = text_of([(name, value)])
    assert (None if leaf is None else leaf.text) == text


def test_session_ids_that_are_uuids_are_no_texts() -> None:
    assert text_of([("session_id", "0192f0c1-2a3b-7c4d-8e5f-0123456789ab")]) is None
    assert text_of([("x-other", "0192f0c1-2a3b-7c4d-8e5f-0123456789ab")]) is not None
    assert text_of([]) is None


def test_header_bytes_that_are_no_text_are_no_error() -> None:
    leaf = text_of([("x-odd", "a\udcff")])
    assert leaf is not None
    assert leaf.text == b"x-odd: a?\n"


def test_claims() -> None:
    assert claims_of({"X-Claude-Code-Agent-Id": "a", "Session_Id": "s", "x-other": "o", "thread-id": ""}) == {
        "x-claude-code-agent-id": "a",
        "session_id": "s",
    }
