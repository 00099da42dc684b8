"""What a body must be."""

import pytest

from passgate.codecs.llm.body import Body, Member
from passgate.codecs.llm.rules import PARAMETER, Members
from passgate.core.errors import RemoteProtocolError

BODY = Body(
    root=Members(known={"stream": PARAMETER, "n": PARAMETER}),
    members=(Member(name="n", kind="an integer", required=True), Member(name="list", kind="an array", of="a string")),
)


def test_what_fits_is_given_back() -> None:
    tree = {"n": 1, "list": ["a"], "other": None}
    assert BODY.check(tree) is tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        (None, "the body must be an object"),
        ("alice", "the body must be an object"),
        ({}, "/n is missing: it must be an integer"),
        ({"n": True}, "/n must be an integer"),
        ({"n": 1, "list": ["a", 2]}, "/list/1 must be a string"),
    ],
)
def test_what_does_not_fit_is_refused_by_place(tree, message: str) -> None:
    with pytest.raises(RemoteProtocolError, match=message):
        BODY.check(tree)


def test_the_value_is_never_told() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        BODY.check({"n": "alice@example.com"})
    assert "alice" not in str(caught.value)
