"""What a call means to policy, and that none of its content is in it."""

from dataclasses import replace

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.operations import find_operation
from passgate.core.action import VerbClass, finding_atom
from passgate.core.finding import Field, Finding, FindingClass
from tests.unit.codecs.llm.bodies import BASE64, CHAT, SIGNATURE, call, chat, messages

EMAIL = Finding(class_=FindingClass.PII, type="EMAIL", field=Field.USER, count=2)
KEY = Finding(class_=FindingClass.SECRET, type="AWS_KEY", field=Field.SYSTEM, count=1)


def test_a_call_is_a_model_asked_tools_offered_and_things_disclosed() -> None:
    read = chat(
        {"role": "user", "content": "alice@example.com"},
        tools=[{"type": "function", "function": {"name": "mail"}}],
        stream=True,
        max_tokens=5,
    )
    action = action_of(read, [EMAIL, KEY, replace(EMAIL, count=1)], provider="openai")
    assert (action.kind, action.verb, action.verb_class) == ("llm.generate", "generate", VerbClass.READ)
    assert [(atom.verb, atom.object.kind, atom.object.name) for atom in action.atoms] == [
        ("generate", "model", "m"),
        ("offer", "tool", "mail"),
        ("disclose", "finding", "EMAIL"),
        ("disclose", "finding", "AWS_KEY"),
    ]
    assert action.atoms[2] == finding_atom("disclose", FindingClass.PII, "EMAIL", Field.USER)
    assert (action.complete, action.gaps) == (True, ())
    assert action.facts == {
        "llm.model": "m",
        "llm.provider": "openai",
        "llm.path": CHAT,
        "llm.stream": True,
        "llm.max_tokens": 5,
        "llm.messages": 1,
        "llm.tools": 1,
        "llm.input_bytes": len(read.body),
        "llm.opaque": 0,
    }
    assert action.findings is not None
    assert len(action.findings) == 3
    assert "alice" not in repr(action)


def test_every_model_that_may_answer_is_judged() -> None:
    action = action_of(messages(fallbacks=[{"model": "m2"}]), [], provider="anthropic")
    assert [atom.object.name for atom in action.atoms if atom.object.kind == "model"] == ["m", "m2"]
    assert action.text == "POST /v1/messages m"


def test_what_cannot_be_looked_at_is_a_gap() -> None:
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}}
    action = action_of(chat({"role": "user", "content": [image]}), [], provider="openai")
    assert not action.complete
    assert len(action.gaps) == 1
    assert action.facts["llm.opaque"] == 1


def test_what_the_provider_sealed_is_none() -> None:
    thought = {"type": "thinking", "thinking": "x", "signature": SIGNATURE}
    assert action_of(messages({"role": "assistant", "content": [thought]}), [], provider="anthropic").complete


def test_more_tools_than_can_be_judged_is_a_gap() -> None:
    tools = [{"name": f"t{number}"} for number in range(1100)]
    action = action_of(messages(tools=tools), [], provider="anthropic")
    assert not action.complete
    assert len(action.atoms) == 1025


def test_an_operation_without_a_model_is_about_all_of_them() -> None:
    operation = find_operation("DELETE", "/v1/files/f1")
    assert operation is not None
    action = action_of(read_call(operation, b"", {}), [], provider="openai")
    assert (action.kind, action.verb_class) == ("llm.delete_file", VerbClass.WRITE)
    assert [atom.object.name for atom in action.atoms] == ["*"]
    assert action.text == "DELETE /v1/files/{id}"


def test_calls_that_differ_in_content_only_have_one_fingerprint() -> None:
    def print_of(*contents: str, **members: object) -> str:
        return action_of(
            chat(*({"role": "user", "content": c} for c in contents), **members), [], provider="p"
        ).fingerprint

    assert print_of("a") == print_of("b", "c")
    assert print_of("a") != print_of("a", tools=[{"type": "function", "function": {"name": "f"}}])
    assert print_of("a") != print_of("a", models=["m2"])
    other = call("/v1/completions", {"model": "m", "prompt": "a"})
    assert print_of("a") != action_of(other, [], provider="p").fingerprint
