"""One text of a conversation on its way to the caller: findings masked by plan, tokens turned back where the plan says so."""

from collections import Counter
from collections.abc import Iterator, Mapping

from passgate.core.masker import Shown
from passgate.core.text_plan import LanePlan
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import MaskingKeys
from passgate.masking.replacement import is_bare_number, mask_one
from passgate.masking.tokens import Token
from passgate.masking.vault import TokenVault
from passgate.masking.window import Section, Window

NOTHING = Shown(delivered=b"", recorded=b"")


class MaskingLane:
    """The ``Lane`` of core. What a token turns back into goes out at once: it is neither looked at nor masked again."""

    def __init__(self, *, window: Window, plan: LanePlan, keys: MaskingKeys, vault: TokenVault) -> None:
        self._window = window
        self._plan = plan
        self._keys = keys
        self._vault = vault
        self._masked: Counter[str] = Counter()
        self._restored: Counter[str] = Counter()

    @property
    def held(self) -> int:
        """Bytes that wait for what follows them."""
        return self._window.held

    @property
    def masked(self) -> Mapping[str, int]:
        """How many findings of each type were masked so far."""
        return self._masked

    @property
    def restored(self) -> Mapping[str, int]:
        """How many tokens of each type were turned back so far."""
        return self._restored

    def feed(self, data: bytes) -> Shown:
        section = self._window.feed(data)
        return NOTHING if section is None else self._shown(section)

    def finish(self) -> Shown:
        return self._shown(self._window.finish())

    def whole(self, data: bytes) -> Shown:
        return self._shown(self._window.whole(data))

    def _shown(self, section: Section) -> Shown:
        if not section.findings and not section.tokens:
            text = section.text[section.start : section.end]
            return Shown(delivered=text, recorded=text) if text else NOTHING
        delivered: list[bytes] = []
        recorded: list[bytes] = []
        position = section.start
        for start, end, given, kept in self._replacements(section):
            between = section.text[position:start]
            delivered += (between, given)
            recorded += (between, kept)
            position = min(end, section.end)
        rest = section.text[position : section.end]
        return Shown(delivered=b"".join((*delivered, rest)), recorded=b"".join((*recorded, rest)))

    def _replacements(self, section: Section) -> Iterator[tuple[int, int, bytes, bytes]]:
        """Where, until where, and what stands there for the caller and for the record; in order."""
        every: list[Finding | Token] = [*section.findings, *section.tokens]
        shown = section.findings[0] if section.continued else None
        for found in sorted(every, key=_start):
            if isinstance(found, Finding):
                mask = self._mask(found, section.text, shown=found is shown)
                if mask is not None:
                    yield found.start, found.end, mask, mask
            elif (value := self._value(found)) is not None:
                yield found.start, found.end, value, section.text[found.start : found.end]

    def _mask(self, finding: Finding, text: bytes, *, shown: bool) -> bytes | None:
        """None: it is shown as it is. Nothing where the mask was ``shown`` before, with the beginning of the finding."""
        strategy = self._plan.strategy(finding.type)
        if strategy is None:
            return None
        if shown:
            return b""
        self._masked[finding.type] += 1
        mask = mask_one(text[finding.start : finding.end], finding.type, strategy, self._keys)
        bare = self._window.json and is_bare_number(text, finding.start, finding.end)
        return b'"' + mask + b'"' if bare else mask

    def _value(self, token: Token) -> bytes | None:
        if token.type not in self._plan.restored:
            return None
        value = self._vault.open(token.canonical, token.type)
        if value is not None:
            self._restored[token.type] += 1
        return value


def _start(found: Finding | Token) -> int:
    return found.start
