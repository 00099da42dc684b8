"""What detectors are given, and what records are not."""

from passgate.codecs.llm.call import concealed, looked_at
from tests.unit.codecs.llm.bodies import CHAT, call, chat, leaf_at


def test_of_json_in_a_string_its_own_leaves_are_looked_at() -> None:
    read = chat({"role": "assistant", "function_call": {"name": "f", "arguments": '{"to":"a@b.com"}'}})
    texts = [leaf.text for leaf in looked_at(read.leaves)]
    assert b"a@b.com" in texts
    assert b'{"to":"a@b.com"}' not in texts
    assert texts.index(b"to") < texts.index(b"a@b.com")


def test_names_in_which_something_was_found_are_concealed() -> None:
    read = chat(
        tools=[{"type": "function", "function": {"name": "AKIA1"}}, {"type": "function", "function": {"name": "ok"}}],
        user="AKIA2",
        models=["AKIA3"],
    )
    found = [leaf for leaf in read.leaves if leaf.text.startswith(b"AKIA")]
    told = concealed(read, found)
    assert (told.model, told.models, told.tools, told.claims) == ("m", ("?",), ("?", "ok"), {"user": "?"})
    assert concealed(read, []) is read


def test_a_name_that_is_only_spoken_of_stays() -> None:
    read = chat({"role": "user", "content": "mail m at a@b.com"})
    assert concealed(read, [leaf_at(read, "/messages/0/content")]).model == "m"


def test_a_claim_in_a_header_in_which_something_was_found_is_concealed() -> None:
    read = chat()

    read = call(CHAT, {"model": "m", "messages": []}, {"X-Claude-Code-Session-Id": "AKIAIOSFODNN7EXAMPLE"})
    (beside,) = (leaf for leaf in read.leaves if b"AKIA" in leaf.text)
    assert concealed(read, [beside]).claims == {"x-claude-code-session-id": "?"}
