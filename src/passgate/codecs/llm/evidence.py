"""What was looked at in one request: by field how many texts, what could only be looked at, what could not be, what was found."""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.codecs.llm.call import Call, looked_at
from passgate.core.finding import Field, Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldEvidence:
    """``texts``: looked at, ``fixed`` of them never edited. ``found``: counts by class and type (``pii:EMAIL``)."""

    field: Field
    texts: int
    fixed: int
    found: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanEvidence:
    """``opaque``: pointers (RFC 6901) of what could not be looked at. Holds no content."""

    fields: tuple[FieldEvidence, ...]
    opaque: tuple[str, ...] = ()

    @property
    def texts(self) -> int:
        return sum(one.texts for one in self.fields)

    @property
    def fixed(self) -> int:
        return sum(one.fixed for one in self.fields)


def scan_evidence(call: Call, findings: Sequence[Finding]) -> ScanEvidence:
    """``findings``: of this very call."""
    texts: dict[Field, int] = {}
    fixed: dict[Field, int] = {}
    for leaf in looked_at(call.leaves):
        texts[leaf.field] = texts.get(leaf.field, 0) + 1
        fixed[leaf.field] = fixed.get(leaf.field, 0) + leaf.fixed
    found: dict[Field, dict[str, int]] = {}
    for finding in findings:
        counts = found.setdefault(finding.field, {})
        name = f"{finding.class_}:{finding.type}"
        counts[name] = counts.get(name, 0) + finding.count
    return ScanEvidence(
        fields=tuple(
            FieldEvidence(
                field=field,
                texts=texts.get(field, 0),
                fixed=fixed.get(field, 0),
                found=tuple(sorted(found.get(field, {}).items())),
            )
            for field in Field
            if field in texts or field in found
        ),
        opaque=call.opaque,
    )
