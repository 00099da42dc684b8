"""What a request would disclose: found in every text of it, counted for policy, masked by its plan."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from passgate.codecs.llm.call import Call, Leaf, concealed, looked_at
from passgate.codecs.llm.fields import rewrite
from passgate.codecs.llm.refusal import Cause
from passgate.core.finding import Field, Finding, FindingClass, Span
from passgate.core.masker import Text, TextMasker
from passgate.core.text_plan import TextPlan
from passgate.endpoints.llm.refused import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """``call``: with the names concealed that hold something, as records may know it. ``spans``: of each leaf that holds
    something, in order."""

    call: Call
    spans: tuple[tuple[Leaf, tuple[Span, ...]], ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, call: Call, masker: TextMasker) -> "Disclosure":
        """Raises DetectorError."""
        leaves = list(looked_at(call.leaves))
        found = masker.find([Text(value=leaf.text, context=leaf.context) for leaf in leaves])
        spans = tuple((leaf, tuple(hits)) for leaf, hits in zip(leaves, found, strict=True) if hits)
        said = concealed(call, [leaf for leaf, _ in spans])
        return cls(call=said, spans=spans, findings=_counted(spans))

    def masked(self, masker: TextMasker, plan: TextPlan) -> tuple[bytes, Mapping[str, int]]:
        """The body as it may leave, and how much of which type was masked. Nothing to mask: the very bytes that came.

        Raises RefusedError where something would have to be masked that may not be edited.
        """
        edits: list[tuple[Leaf, bytes]] = []
        counts: Counter[str] = Counter()
        for leaf, spans in self.spans:
            lane = plan.lane(leaf.field)
            hidden = [span.type for span in spans if lane.strategy(span.type) is not None]
            if not hidden:
                continue
            if leaf.fixed:
                raise RefusedError(
                    Cause.POLICY,
                    f"The request holds something of type {hidden[0]} where nothing can be replaced"
                    f" ({leaf.field.value}): an id, a name, a header or something that the provider signed.",
                )
            edits.append((leaf, masker.replace(leaf.text, spans, lane)))
            counts.update(hidden)
        return rewrite(self.call, edits), counts

    def redacted(self, masker: TextMasker) -> bytes | None:
        """The body with everything redacted that was found, for the recording; None where that cannot be done."""
        try:
            return self.masked(masker, TextPlan())[0]
        except RefusedError:
            return None


def _counted(spans: Sequence[tuple[Leaf, tuple[Span, ...]]]) -> tuple[Finding, ...]:
    counts: Counter[tuple[FindingClass, str, Field]] = Counter(
        (span.class_, span.type, leaf.field) for leaf, hits in spans for span in hits
    )
    return tuple(
        Finding(class_=class_, type=type_, field=field, count=count) for (class_, type_, field), count in counts.items()
    )
