"""What clients may ask for."""

import pytest

from passgate.core.action import VerbClass
from passgate.core.errors import OAuthError
from passgate.identity.issuer.asked import Asked, check_state, read_asked, scope, targets

URL = "https://gate.example.com"
KNOWN = ("claude", "docs")


@pytest.mark.parametrize(
    ("asked", "api", "names"),
    [
        ((), False, set()),
        ((URL,), False, set()),
        ((f"{URL}/",), False, set()),
        ((f"{URL}/claude",), False, {"claude"}),
        ((f"{URL}/claude", f"{URL}/docs"), False, {"claude", "docs"}),
        ((URL, f"{URL}/docs"), False, set()),
        ((f"{URL}/api",), True, set()),
    ],
)
def test_resources_by_their_addresses(asked: tuple[str, ...], api: bool, names: set[str]) -> None:
    assert targets(asked, url=URL, known=KNOWN) == (api, names)


@pytest.mark.parametrize(
    "asked",
    [
        ("https://evil.example.com",),
        (f"{URL}.evil.example",),
        (f"{URL}claude",),
        (f"{URL}/shop",),
        (f"{URL}/claude/",),
        (f"{URL}//claude",),
        (f"{URL}/api", f"{URL}/claude"),
        (f"{URL}/api", URL),
        ("claude",),
    ],
)
def test_what_is_no_resource_of_this_gate(asked: tuple[str, ...]) -> None:
    with pytest.raises(OAuthError) as caught:
        targets(asked, url=URL, known=KNOWN)
    assert caught.value.code == "invalid_target"


def test_scopes_are_verbs_and_the_control_api_has_none() -> None:
    assert scope("", api=False) == {VerbClass.READ}
    assert scope("read write", api=False) == {VerbClass.READ, VerbClass.WRITE}
    assert scope("", api=True) == frozenset()
    for words, api in (("root", False), ("read offline_access", False), ("read", True)):
        with pytest.raises(OAuthError) as caught:
            scope(words, api=api)
        assert caught.value.code == "invalid_scope"


def test_a_state_is_a_short_text() -> None:
    check_state("x" * 2000)
    for state in ("x" * 2001, "a\nb"):
        with pytest.raises(OAuthError):
            check_state(state)


def test_what_is_written_is_read_back() -> None:
    asked = Asked(
        client_id="editor",
        verbs=frozenset({VerbClass.READ, VerbClass.WRITE}),
        resources=frozenset({"claude", "docs"}),
        api=False,
        redirect_uri="https://e/cb",
        state="s t",
        challenge="c",
        user_code="U",
    )
    assert read_asked(asked.written()) == asked
    api = Asked(client_id="x", verbs=frozenset(), resources=frozenset(), api=True)
    assert read_asked(api.written()) == api
    assert "s t" not in repr(asked)
