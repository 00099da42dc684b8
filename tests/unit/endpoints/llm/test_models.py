"""What a client is told of models."""

import json

import pytest

from passgate.codecs.llm.refusal import Cause
from passgate.endpoints.llm.models import told
from passgate.endpoints.llm.refused import RefusedError

OPENAI = b'{ "object": "list", "data": [ {"id": "gpt-5"}, {"id": "o4"} ] }'
ANTHROPIC = (
    b'{"data": [{"id": "a"}, {"id": "claude-5"}, {"id": "claude-6"}, {"id": "z"}],'
    b' "has_more": false, "first_id": "a", "last_id": "z"}'
)


def test_where_all_may_be_used_the_bytes_stay() -> None:
    assert told(OPENAI, lambda _model: True) is OPENAI


def test_what_may_not_be_used_is_left_out() -> None:
    assert json.loads(told(OPENAI, lambda model: model == "o4")) == {"object": "list", "data": [{"id": "o4"}]}
    kept = json.loads(told(ANTHROPIC, lambda model: model.startswith("claude")))
    assert ([one["id"] for one in kept["data"]], kept["first_id"], kept["last_id"]) == (
        ["claude-5", "claude-6"],
        "claude-5",
        "claude-6",
    )
    none = json.loads(told(ANTHROPIC, lambda _model: False))
    assert (none["data"], none["first_id"], none["last_id"]) == ([], None, None)


def test_a_model_by_its_name() -> None:
    one = b'{"id": "gpt-5", "object": "model"}'
    assert told(one, lambda model: model == "gpt-5") is one
    with pytest.raises(RefusedError) as caught:
        told(one, lambda _model: False)
    assert caught.value.refusal.cause is Cause.MODEL


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": {}}', b'{"id": 7}', b'{"data": [7, "x"]}'])
def test_what_names_no_model_is_left_as_it_is(body: bytes) -> None:
    assert told(body, lambda _model: False) is body
