"""Where a browser may be sent, and where it never is."""

import pytest

from passgate.identity.issuer.redirects import is_own_machine, is_registered, may_be_registered, with_answer

GOOD = [
    "https://editor.example/cb",
    "https://editor.example:8443/cb?x=1",
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost:3000/callback",
    "com.example.app:/done",
    "com.example.app://done",
]
BAD = [
    "",
    "/callback",
    "//evil.example/cb",
    "http://editor.example/cb",
    "http://127.0.0.1.evil.example/cb",
    "http://127.0.0.1@evil.example/cb",
    "https://ada:secret@editor.example/cb",
    "https://editor.example/cb#fragment",
    "https://editor.example/cb#",
    "https://editor.example\\@evil.example/",
    "https://",
    "https://editor.example:port/cb",
    "https://editor.example/c b",
    "https://editor.example/\n",
    "https://éditor.example/cb",
    "https://editor.example/" + "x" * 2000,
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "myapp://callback",
]


@pytest.mark.parametrize("uri", GOOD)
def test_what_may_be_registered_is_registered_as_it_is(uri: str) -> None:
    assert may_be_registered(uri)
    assert is_registered(uri, [uri])
    assert not is_registered(uri, [])
    assert not is_registered(uri, [uri + "x"])


@pytest.mark.parametrize("uri", BAD)
def test_what_may_not_is_not_even_if_somebody_did(uri: str) -> None:
    assert not may_be_registered(uri)
    assert not is_registered(uri, [uri])


@pytest.mark.parametrize(
    ("uri", "registered", "same"),
    [
        ("http://127.0.0.1:49152/callback", "http://127.0.0.1/callback", True),
        ("http://127.0.0.1:49152/callback", "http://127.0.0.1:80/callback", True),
        ("http://[::1]:9/callback", "http://[::1]/callback", True),
        ("http://localhost:9/callback?x=1", "http://localhost/callback?x=1", True),
        ("http://localhost:9/callback", "http://127.0.0.1/callback", False),
        ("http://127.0.0.1:9/other", "http://127.0.0.1/callback", False),
        ("http://127.0.0.1:9/callback?x=1", "http://127.0.0.1/callback", False),
        ("https://127.0.0.1:9/callback", "https://127.0.0.1/callback", False),
        ("https://editor.example:9/cb", "https://editor.example/cb", False),
        ("https://editor.example/cb/", "https://editor.example/cb", False),
        ("https://EDITOR.example/cb", "https://editor.example/cb", False),
        ("https://editor.example/cb?x=1", "https://editor.example/cb", False),
    ],
)
def test_letter_for_letter_except_for_the_port_of_ones_own_machine(uri: str, registered: str, same: bool) -> None:
    assert is_registered(uri, [registered]) is same


def test_the_answer_goes_beside_what_was_there() -> None:
    assert (
        with_answer("https://e/cb", {"code": "a b", "iss": "https://g"}) == "https://e/cb?code=a+b&iss=https%3A%2F%2Fg"
    )
    assert with_answer("https://e/cb?x=1", {"code": "a"}) == "https://e/cb?x=1&code=a"


def test_ones_own_machine() -> None:
    assert is_own_machine("http://127.0.0.1:1/x")
    assert not is_own_machine("https://editor.example/cb")
    assert not is_own_machine("http://[bad/")
