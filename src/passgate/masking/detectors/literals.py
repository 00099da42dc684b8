"""The gate where no Vectorscan wheel is: literals first, then the pattern itself. Slower, and names the same rules."""

import re
from collections.abc import Sequence

from passgate.masking.detectors.rule import CompiledRule


class LiteralGate:
    """For every rule the cheapest questions first: a context word, an anchor, then RE2."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = tuple(rules)
        contexts = {rule.rule.context for rule in rules if rule.rule.context}
        self._contexts = {context: _any_of(context) for context in contexts}
        self._anchors = [tuple(a.encode() for a in rule.rule.anchors) for rule in rules]

    def fired(self, data: bytes) -> Sequence[int]:
        lower = data.lower()
        spoken = {context for context, words in self._contexts.items() if words.search(lower) is not None}
        found: list[int] = []
        for index, (rule, anchors) in enumerate(zip(self._rules, self._anchors, strict=True)):
            if rule.rule.context and rule.rule.context not in spoken:
                continue
            if anchors and not any(anchor in lower for anchor in anchors):
                continue
            if rule.search(data, 0) is not None:
                found.append(index)
        return found


def _any_of(words: Sequence[str]) -> re.Pattern[bytes]:
    return re.compile("|".join(re.escape(word).replace("\\ ", r"[\s_\-]{0,2}") for word in words).encode())
