"""What a stream needs beside the gate: what may be the beginning of a match, and what may become one by a word that follows."""

from collections.abc import Iterable

import re2

from passgate.masking.detectors.beginnings import Beginnings
from passgate.masking.detectors.rule_set import RuleSet

MAX_MEMORY = 16 * 1024 * 1024
"""For RE2, which takes of it what the texts it meets make it take."""


class Watch:
    """Safe to share between threads. Raises DetectorError if an automaton does not fit."""

    def __init__(self, rules: RuleSet) -> None:
        self.beginnings = Beginnings(rule.rule.pattern.encode("ascii") for rule in rules.rules)
        spoken: dict[str, list[int]] = {}
        for index, rule in enumerate(rules.rules):
            if rule.words is not None:
                spoken.setdefault(rule.rule.pattern, []).append(index)
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.never_capture = True
        options.log_errors = False
        options.max_mem = MAX_MEMORY
        self._of = list(spoken.values())
        self._all = [index for indexes in self._of for index in indexes]
        self._any = re2.compile("|".join(f"(?:{pattern})" for pattern in spoken).encode("ascii"), options).search
        self._which = re2.Set.SearchSet(options)
        for pattern in spoken:
            self._which.Add(pattern.encode("ascii"))
        self._which.Compile()

    def candidates(self, data: bytes, position: int) -> Iterable[int]:
        """Rules that ask for a word and of which a match, the word aside, stands in ``data`` from ``position`` on."""
        if not self._all:
            return ()
        near = data[max(0, position - 1) :]
        if self._any(near) is None:
            return ()
        which = self._which.Match(near)
        # The set names none where its memory does not suffice: then any may be meant.
        return self._all if which is None else [index for pattern in which for index in self._of[pattern]]
