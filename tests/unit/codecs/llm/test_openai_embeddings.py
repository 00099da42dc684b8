"""Bare inputs."""

import pytest

from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.bodies import BASE64, call, said

EMBEDDINGS, MODERATIONS = "/v1/embeddings", "/v1/moderations"


def test_texts_are_looked_at_numbers_of_tokens_cannot_be() -> None:
    read = call(
        EMBEDDINGS, {"model": "m", "input": ["alice", [1, 2]], "dimensions": 5, "encoding_format": "float", "user": "u"}
    )
    assert said(read)["/input/0"] == (Field.INPUT, "alice", False)
    assert read.opaque == ("/input/1",)
    assert read.claims == {"user": "u"}
    assert (read.model, read.messages) == ("m", 2)
    assert said(call(EMBEDDINGS, {"model": "m", "input": "alice"}))["/input"] == (Field.INPUT, "alice", False)
    assert call(EMBEDDINGS, {"model": "m", "input": [1, 2, 3]}).opaque == ("/input",)


def test_moderation_in_each_form() -> None:
    read = call(
        MODERATIONS,
        {
            "input": [
                "alice",
                {"type": "text", "text": "bob"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
                {"type": "new", "x": "carol"},
            ]
        },
    )
    texts = said(read)
    assert texts["/input/0"] == (Field.INPUT, "alice", False)
    assert texts["/input/1/text"] == (Field.INPUT, "bob", False)
    assert texts["/input/3/x"] == (Field.INPUT, "carol", False)
    assert read.opaque == ("/input/2/image_url/url",)
    assert read.model == ""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (EMBEDDINGS, {"input": "x"}),
        (EMBEDDINGS, {"model": "m"}),
        (EMBEDDINGS, {"model": "m", "input": {}}),
        (EMBEDDINGS, {"model": "m", "INPUT": "x", "input": "y"}),
        (MODERATIONS, {}),
        (MODERATIONS, {"model": 1, "input": "x"}),
    ],
)
def test_what_policy_depends_on_has_its_shape(path: str, body: object) -> None:
    with pytest.raises(RemoteProtocolError):
        call(path, body)
