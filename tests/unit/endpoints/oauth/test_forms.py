"""Forms as they come, and what they may not be."""

import contextlib

import pytest
from aiohttp.test_utils import make_mocked_request

from passgate.endpoints.oauth.forms import RefusedError, check_safe, parsed


def test_what_is_empty_is_not_there_and_a_resource_may_come_twice() -> None:
    form = parsed("a=1&b=&resource=x&resource=y", what="form")
    assert (form.one("a"), form.perhaps("b"), form.many("resource"), form.many("c")) == ("1", None, ["x", "y"], ())
    assert form.names() == {"a", "resource"}
    with pytest.raises(RefusedError, match="b is missing"):
        form.one("b")
    assert parsed("", what="query").names() == frozenset()


@pytest.mark.parametrize("text", ["a=1&a=2", "a", "&".join(f"a{n}=1" for n in range(200)), "a=%ff"])
def test_what_is_no_form(text: str) -> None:
    with pytest.raises(RefusedError):
        parsed(text, what="form")


@pytest.mark.parametrize(("peer", "safe"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), (None, False)])
def test_a_token_in_clear_comes_from_this_machine_only(peer: str | None, safe: bool) -> None:
    request = make_mocked_request("POST", "/oauth/token").clone(remote=peer or "")
    with contextlib.nullcontext() if safe else pytest.raises(RefusedError, match="https only"):
        check_safe(request)
    check_safe(request.clone(scheme="https"))
