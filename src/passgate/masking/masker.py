"""One session's masker: whole columns by strategy, whatever is found inside other values, and the texts of conversations."""

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from passgate.core.abandoning import go_on
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.finding import FindingClass, Span
from passgate.core.masker import Text
from passgate.core.session import Session
from passgate.core.text_plan import LanePlan
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.encoded import encoded
from passgate.masking.detectors.escaped import unescaped
from passgate.masking.detectors.instructions import beside, instruction_finder
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import MaskingKeys, derive_keys
from passgate.masking.lane import MaskingLane
from passgate.masking.memo import SpanMemo
from passgate.masking.replacement import Replacement, is_bare_number, is_json, mask_one
from passgate.masking.strategies import apply
from passgate.masking.tokens import TokenReader, outside
from passgate.masking.vault import TokenVault
from passgate.masking.window import Window, clipped

HEX_PREFIX = b"\\x"
"""How bytes are shown as text by the databases that show them so."""

CONTEXT_END = b": "
"""What stands between the name of a member and its value when both are looked at."""

MAX_CONTEXT = 128
"""Bytes of a name that are looked at, counted from its end."""

MAX_NAME = 256
MAX_NAMES = 256
"""Bytes of a text, and texts of each generation, that are remembered where nothing was found in them."""

_UNNAMED = "COLUMN"
"""What a whole-column mask without a label is counted under."""


class SessionMasker:
    """The ``TextMasker`` of core. Several threads may use it, each of its lanes one at a time."""

    def __init__(self, *, detector: Detector, keys: MaskingKeys, found: Replacement, vault: TokenVault) -> None:
        self._detector = detector
        self._keys = keys
        self._found = found
        self._vault = vault
        self._memo = SpanMemo()
        self._clean = SpanMemo(max_texts=MAX_NAMES)
        self._tokens = TokenReader({type_ for _, type_ in detector.types})
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()

    @property
    def types(self) -> frozenset[tuple[FindingClass, str]]:
        return self._detector.types

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        masked = apply(values, strategy, self._keys)
        with self._counting:
            self._counts[strategy.label or _UNNAMED] += len(values)
        return masked

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        found = self._detector.findings_batch(values)
        replaced = {index: self._replaced(values[index], findings) for index, findings in found.items()}
        for index, value in enumerate(values):
            if value[:2] == HEX_PREFIX and (masked := self._scan_hex(value)) is not None:
                replaced[index] = masked
        return replaced

    def scan_text(self, text: bytes) -> bytes:
        """A short one in which nothing was found is remembered: the names of paths and models come with every call."""
        if len(text) > MAX_NAME:
            findings = self._detector.findings(text)
            return self._replaced(text, findings) if findings else text
        digest = self._clean.digest(b"", text)
        if self._clean.get(digest) is not None:
            return text
        findings = self._detector.findings(text)
        if findings:
            return self._replaced(text, findings)
        self._clean.put(digest, ())
        return text

    def counts(self) -> Mapping[str, int]:
        """How many values and findings of each type were masked so far, lanes aside (each counts its own)."""
        return dict(self._counts)

    def find(self, texts: Sequence[Text]) -> Sequence[tuple[Span, ...]]:
        digests = [self._memo.digest(text.context, text.value) for text in texts]
        known = {digest: self._memo.get(digest) for digest in digests}
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if known[digest] is None}
        for digest, spans in zip(new, self._look(list(new.values())), strict=True):
            self._memo.put(digest, spans)
            known[digest] = spans
        return [known[digest] or () for digest in digests]

    def replace(self, text: bytes, spans: Sequence[Span], plan: LanePlan) -> bytes:
        pieces: list[bytes] = []
        position = 0
        json = is_json(text)
        counts: Counter[str] = Counter()
        for span in spans:
            go_on()
            strategy = plan.strategy(span.type)
            if strategy is None:
                continue
            value = text[span.start : span.end]
            mask = mask_one(value, span.type, strategy, self._keys)
            if strategy.kind is StrategyKind.TOKEN and span.class_ is not FindingClass.SECRET:
                self._vault.keep(mask, value, span.type)
            bare = json and is_bare_number(text, span.start, span.end)
            pieces += (text[position : span.start], b'"' + mask + b'"' if bare else mask)
            position = span.end
            counts[span.type] += 1
        pieces.append(text[position:])
        self._count(counts)
        return b"".join(pieces) if position else text

    def lane(self, plan: LanePlan, *, context: bytes = b"") -> MaskingLane:
        window = Window(detector=self._detector, tokens=self._tokens, context=_before(context))
        return MaskingLane(window=window, plan=plan, keys=self._keys, vault=self._vault)

    def close(self) -> None:
        """Forget what every token stands for."""
        self._vault.close()

    def _count(self, counts: "Counter[str]") -> None:
        with self._counting:
            self._counts.update(counts)

    def _look(self, texts: Sequence[Text]) -> list[tuple[Span, ...]]:
        before = [_before(text.context) for text in texts]
        whole = [first + text.value for first, text in zip(before, texts, strict=True)]
        found = self._detector.findings_batch(whole)
        return [
            self._all_of(
                whole[index],
                self._spans(whole[index], found[index], len(before[index])) if index in found else (),
                len(before[index]),
            )
            for index, text in enumerate(texts)
        ]

    def _all_of(self, whole: bytes, plain: tuple[Span, ...], first: int) -> tuple[Span, ...]:
        """What stands in plain from ``first`` on, what is encoded or escaped beside it, and orders to a model."""
        text = whole[first:]
        hidden = [*encoded(text, self._detector), *self._escaped(whole, first)]
        starts = [span.start for span in plain]
        beyond = [one for one in hidden if (at := bisect_right(starts, one.start)) == 0 or plain[at - 1].end < one.end]
        sensitive = united((*plain, *beyond)) if beyond else plain
        return beside(sensitive, instruction_finder().find(text))

    def _escaped(self, whole: bytes, first: int) -> Iterator[Span]:
        """What is spelled with escapes, or in letters that only look like others."""
        read = unescaped(whole)
        if read is None:
            return
        tokens = self._tokens.tokens(read.text)
        inside: list[Finding | Span] = [*outside(self._detector.findings(read.text), tokens)]
        inside += encoded(read.text, self._detector)
        for found in inside:
            start, end = max(read.place(found.start) - first, 0), read.place(found.end) - first
            if end > start:
                yield Span(start=start, end=end, type=found.type, class_=found.class_)

    def _spans(self, whole: bytes, findings: Sequence[Finding], first: int) -> tuple[Span, ...]:
        own = clipped(outside(findings, self._tokens.tokens(whole)), first)
        return tuple(Span(start=f.start - first, end=f.end - first, type=f.type, class_=f.class_) for f in own)

    def _scan_hex(self, value: bytes) -> bytes | None:
        """Bytes shown as hex: what they say is scanned, and the answer is hex again. None if there is nothing to replace."""
        try:
            decoded = bytes.fromhex(value[2:].decode("ascii"))
        except ValueError:
            return None
        findings = self._detector.findings(decoded)
        return HEX_PREFIX + self._replaced(decoded, findings).hex().encode() if findings else None

    def _replaced(self, text: bytes, findings: Sequence[Finding]) -> bytes:
        self._count(Counter(finding.type for finding in findings))
        return self._found.replace(text, findings)


def united(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In order; those that overlap are one, named by the worst."""
    united: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        last = united[-1] if united else None
        if last is None or span.start >= last.end:
            united.append(span)
            continue
        worst = last if last.class_ is FindingClass.SECRET or span.class_ is not FindingClass.SECRET else span
        united[-1] = replace(worst, start=last.start, end=max(last.end, span.end))
    return tuple(united)


def _before(context: bytes) -> bytes:
    """What is looked at before a text that has this context."""
    return context[-MAX_CONTEXT:] + CONTEXT_END if context else b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaskerFactory:
    """``master_key``: at least 32 bytes, from the composition root. ``strategies``: by class of finding, redact where none is."""

    detector: Detector
    master_key: bytes = field(repr=False)
    strategies: Mapping[FindingClass, Strategy] = field(default_factory=dict)

    def open(self, session: Session) -> SessionMasker:
        """Raises ConfigError if the master key is too short."""
        scope = session.scope or session.id
        keys = derive_keys(self.master_key, scope)
        default = Strategy(kind=StrategyKind.REDACT)
        by_class = {class_: self.strategies.get(class_, default) for class_ in FindingClass}
        return SessionMasker(
            detector=self.detector,
            keys=keys,
            found=Replacement(by_class=by_class, keys=keys),
            vault=TokenVault(master=self.master_key, scope=scope),
        )
