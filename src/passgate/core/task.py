"""What all sessions of one task have in common, whatever they use: the facts that a rule can hold against the next action."""

from typing import Final, final


@final
class Task:
    """One per process and task; sessions of other processes have their own, kept equal through the store.

    ``tags``: the facts in force; they only grow. ``kept``: those of them that the store is known to hold. ``counters``: sums over
    all sessions, as far as they are known here. ``uncounted``: the part of them that the store has not been told yet.
    """

    __slots__ = ("counters", "id", "kept", "tags", "uncounted")

    def __init__(self, *, id: str, kept: frozenset[str] = frozenset(), counters: dict[str, int] | None = None) -> None:  # noqa: A002
        self.id: Final = id
        self.tags = kept
        self.kept = kept
        self.counters: dict[str, int] = {} if counters is None else counters
        self.uncounted: dict[str, int] = {}

    def keep(self, tag: str) -> None:
        """The store holds it."""
        if tag not in self.kept:
            self.kept |= {tag}
        if tag not in self.tags:
            self.tags |= {tag}

    def count(self, counter: str, by: int) -> None:
        self.counters[counter] = self.counters.get(counter, 0) + by
        self.uncounted[counter] = self.uncounted.get(counter, 0) + by

    def take_uncounted(self) -> dict[str, int]:
        taken, self.uncounted = self.uncounted, {}
        return taken

    def counted(self, stored: dict[str, int]) -> None:
        """``stored``: the sums that the store holds, which know nothing of what is uncounted here."""
        for counter, by in self.uncounted.items():
            stored[counter] = stored.get(counter, 0) + by
        self.counters = stored
