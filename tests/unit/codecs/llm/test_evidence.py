"""What a request's evidence says, and that it holds nothing of the request."""

from passgate.codecs.llm.call import Call, Leaf
from passgate.codecs.llm.evidence import FieldEvidence, scan_evidence
from passgate.codecs.llm.operations import find_operation
from passgate.core.finding import Field, Finding, FindingClass


def leaf(field: Field, text: bytes = b"x", *, fixed: bool = False, inner: tuple[Leaf, ...] | None = None) -> Leaf:
    return Leaf(at=-1, pointer="/a", field=field, text=text, fixed=fixed, inner=inner)


def found(field: Field, type_: str, count: int, class_: FindingClass = FindingClass.PII) -> Finding:
    return Finding(class_=class_, type=type_, field=field, count=count)


def test_texts_are_counted_by_field_and_json_inside_a_text_by_its_own_leaves() -> None:
    operation = find_operation("POST", "/v1/chat/completions")
    assert operation is not None
    arguments = leaf(
        Field.TOOL_ARGUMENTS, b'{"a":"b","c":"d"}', inner=(leaf(Field.TOOL_ARGUMENTS), leaf(Field.TOOL_ARGUMENTS))
    )
    leaves = (leaf(Field.USER), leaf(Field.USER), leaf(Field.METADATA, fixed=True), arguments)
    call = Call(operation=operation, body=b"", leaves=leaves, opaque=("/messages/0/content/1",))
    findings = (
        found(Field.USER, "EMAIL", 2),
        found(Field.USER, "EMAIL", 1),
        found(Field.USER, "AWS_KEY", 1, FindingClass.SECRET),
    )
    evidence = scan_evidence(call, findings)
    assert evidence.fields == (
        FieldEvidence(field=Field.USER, texts=2, fixed=0, found=(("pii:EMAIL", 3), ("secret:AWS_KEY", 1))),
        FieldEvidence(field=Field.TOOL_ARGUMENTS, texts=2, fixed=0),
        FieldEvidence(field=Field.METADATA, texts=1, fixed=1),
    )
    assert (evidence.texts, evidence.fixed, evidence.opaque) == (5, 1, ("/messages/0/content/1",))
