"""What the ledger's leaves say of a call: they can never be erased, so they hold counts and masked claims only."""

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.evidence import FieldEvidence, ScanEvidence
from passgate.codecs.llm.operations import find_operation
from passgate.core.finding import Field
from passgate.endpoints.llm.events import WITHHELD, intent_detail, masked_claims, outcome_detail
from tests.integration.fakes import StarMasker


def test_claims_are_masked_and_bounded() -> None:
    claims = {f"c{number:02}": "x" * 500 for number in range(40)} | {"a": "bob@example.com", "b": "boom"}
    masked = masked_claims(claims, StarMasker())
    assert (masked["a"], masked["b"]) == ("<EMAIL>", WITHHELD)
    assert len(masked) == 16
    assert max(map(len, masked.values())) == 200


def test_an_intent_says_what_was_looked_at_and_found_and_nothing_of_it() -> None:
    operation = find_operation("POST", "/v1/messages", {"anthropic-version": "2023-06-01"})
    assert operation is not None
    call = Call(operation=operation, body=b"{}", leaves=(), model="claude-x", stream=True, messages=3)
    evidence = ScanEvidence(
        fields=(
            FieldEvidence(field=Field.USER, texts=2, fixed=1, found=(("pii:EMAIL", 3),)),
            FieldEvidence(field=Field.SYSTEM, texts=1, fixed=0),
        ),
        opaque=("/x", "/y"),
    )
    detail = intent_detail(call, evidence, {"session": "s"})
    assert detail == {
        "operation": "anthropic.messages", "stream": True, "messages": 3, "texts": 3, "fixed": 1,
        "opaque": 2, "found": {"user": {"pii:EMAIL": 3}}, "claims": {"session": "s"},
    }  # fmt: skip


def test_an_outcome_says_what_it_cost_and_how_long_it_took() -> None:
    summary = Summary(usage=Usage(input_tokens=5, output_tokens=7, cached_tokens=2), model="m", finish="stop")
    assert outcome_detail(summary, http=200, frames=9, seconds=1.5, first_chunk=0.25, restored={"EMAIL": 2}) == {
        "restored": {"EMAIL": 2},
        "http": 200, "model": "m", "finish": "stop", "tokens": 12, "input_tokens": 5, "output_tokens": 7, "cached_tokens": 2,
        "frames": 9, "milliseconds": 1500, "first_milliseconds": 250,
    }  # fmt: skip
    nothing = outcome_detail(Summary(), http=502, frames=0, seconds=0.1, first_chunk=None, restored={})
    assert (nothing["tokens"], nothing["input_tokens"], nothing["first_milliseconds"]) == (0, None, None)
