"""The gate where no Vectorscan wheel is: literals first, then the pattern itself. Slower, and names the same rules."""

from collections.abc import Sequence

from passgate.masking.detectors.rule import CompiledRule, forms


class LiteralGate:
    """For every rule the cheapest questions first: a context word, an anchor, then RE2."""

    def __init__(self, rules: Sequence[CompiledRule]) -> None:
        self._rules = tuple(rules)
        self._contexts = [_first_parts(rule.rule.context) for rule in rules]
        self._anchors = [frozenset(anchor.encode() for anchor in rule.rule.anchors) for rule in rules]
        self._literals = frozenset().union(*self._contexts, *self._anchors)

    def fired(self, data: bytes) -> Sequence[int]:
        lower = data.lower()
        present = {literal for literal in self._literals if literal in lower}
        found: list[int] = []
        for index, rule in enumerate(self._rules):
            words, anchors = self._contexts[index], self._anchors[index]
            if words and words.isdisjoint(present):
                continue
            if anchors and anchors.isdisjoint(present):
                continue
            if rule.search(data, 0) is not None:
                found.append(index)
        return found


def _first_parts(words: Sequence[str]) -> frozenset[bytes]:
    """What of each context word stands unbroken wherever the word does: its part before the first blank."""
    return frozenset(form.split(" ")[0].encode().lower() for word in words for form in forms(word))
