"""What the ledger's own events say of a call: counts, models, claims. No content, no floats."""

from collections.abc import Mapping

from passgate.codecs.llm.answer import Summary
from passgate.codecs.llm.call import Call
from passgate.codecs.llm.evidence import ScanEvidence
from passgate.core.errors import DetectorError
from passgate.core.event import Json
from passgate.core.masker import Masker

WITHHELD = "<withheld: it could not be scanned>"
_CLAIMS = 16
_CHARACTERS = 200


def masked_name(text: str, masker: Masker) -> str:
    """A name of the caller's own choice, a model's for one."""
    try:
        return masker.scan_text(text.encode("utf-8", "backslashreplace")).decode("utf-8", "replace")[:_CHARACTERS]
    except DetectorError:
        return WITHHELD


def masked_claims(claims: Mapping[str, str], masker: Masker) -> dict[str, str]:
    """A leaf of the ledger cannot be erased, so what a client says of itself is masked like any text, and bounded."""
    return {masked_name(name, masker): masked_name(claims[name], masker) for name in sorted(claims)[:_CLAIMS]}


def intent_detail(call: Call, evidence: ScanEvidence, claims: Mapping[str, str]) -> dict[str, Json]:
    """For ``judge(detail=...)``. ``claims``: masked. The models are among the event's objects."""
    found: dict[str, Json] = {one.field.value: dict(one.found) for one in evidence.fields if one.found}
    return {
        "operation": call.operation.name,
        "stream": call.stream,
        "messages": call.messages,
        "texts": evidence.texts,
        "fixed": evidence.fixed,
        "opaque": len(evidence.opaque),
        "found": found,
        "claims": dict(claims),
    }


def outcome_detail(
    summary: Summary,
    *,
    http: int,
    frames: int,
    seconds: float,
    first_chunk: float | None,
    restored: Mapping[str, int],
) -> dict[str, Json]:
    """For ``Result.detail``. ``http``: the status that the client got; ``frames``: pieces of the answer's body; ``restored``: how
    many tokens of each type became their values again."""
    return {
        "http": http,
        "model": summary.model[:_CHARACTERS],
        "finish": summary.finish[:_CHARACTERS],
        "tokens": (summary.usage.input_tokens or 0) + (summary.usage.output_tokens or 0),
        "input_tokens": summary.usage.input_tokens,
        "output_tokens": summary.usage.output_tokens,
        "cached_tokens": summary.usage.cached_tokens,
        "frames": frames,
        "milliseconds": round(seconds * 1000),
        "restored": dict(restored),
        "first_milliseconds": None if first_chunk is None else round(first_chunk * 1000),
    }
