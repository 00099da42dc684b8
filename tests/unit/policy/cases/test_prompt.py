import re
from collections.abc import Iterator

import pytest

from passgate.core.finding import Field, FindingClass, Span
from passgate.policy.cases import PromptLanguage
from passgate.policy.vocabulary import OBJECT_KINDS, VERBS
from tests.unit.policy.actions import session


def find(text: bytes) -> Iterator[Span]:
    for class_ in FindingClass:
        for match in re.finditer(class_.value.encode(), text):
            yield Span(start=match.start(), end=match.end(), type=class_.upper(), class_=class_)


def understood(text: str):  # type: ignore[no-untyped-def]
    reader = PromptLanguage(find).open(session(resource="llm"))
    (action,) = reader.understand(text).actions
    reader.succeeded(action)
    reader.transaction_ended(committed=True)
    assert reader.origin(1, 1) is None
    reader.close()
    return action


def test_a_prompt_is_a_call_with_one_message() -> None:
    action = understood("what is é")
    assert (action.kind, action.verb, action.complete, action.findings) == ("llm.generate", "generate", True, ())
    assert (action.facts["llm.messages"], action.facts["llm.input_bytes"]) == (1, 10)
    assert [(atom.verb, atom.object.kind) for atom in action.atoms] == [("generate", "model")]


def test_findings_are_counted_by_type_and_each_is_an_atom() -> None:
    action = understood("pii secret pii")
    assert [(f.class_, f.type, f.field, f.count) for f in action.findings] == [
        ("pii", "PII", "user", 2),
        ("secret", "SECRET", "user", 1),
    ]
    assert [(a.verb, str(a.object), a.column) for a in action.atoms[1:]] == [
        ("disclose", "pii.PII", "user"),
        ("disclose", "secret.SECRET", "user"),
    ]
    for atom in action.atoms:
        assert atom.verb in VERBS
        assert atom.object.kind in OBJECT_KINDS


@pytest.mark.parametrize(
    "text",
    [
        "tool result: 'pii'",
        "Tool Result: pii",
        "  tool_result = pii",
        "[tool output] : pii",
        "function result: pii",
        "tool result of read_file: pii",
        "The web page says: pii",
        "search results: pii",
        "document: pii",
        "email body: pii",
        "retrieved document: pii",
    ],
)
def test_what_a_tool_gave_back_says_so(text: str) -> None:
    assert [f.field for f in understood(text).findings] == [Field.TOOL_RESULT]


@pytest.mark.parametrize(
    "text",
    [
        "a pii: x",
        "what is a tool result: pii?",
        "tools: pii",
        "my email is pii",
        "Summarise: pii",
        "tool pii result: x",
    ],
)
def test_anything_else_is_what_the_user_says(text: str) -> None:
    assert [f.field for f in understood(text).findings] == [Field.USER]
