"""What the lanes of an answer have masked and restored: those that are finished, and those that are not."""

from collections import Counter
from collections.abc import Callable, Mapping

from passgate.core.masker import Lane, Shown, TextMasker
from passgate.core.text_plan import LanePlan


class _CountedLane:
    """A lane that says when it is finished."""

    __slots__ = ("_closed", "feed", "lane")

    def __init__(self, lane: Lane, closed: "Callable[[_CountedLane], None]") -> None:
        self.lane = lane
        self.feed = lane.feed
        self._closed = closed

    @property
    def held(self) -> int:
        return self.lane.held

    @property
    def masked(self) -> Mapping[str, int]:
        return self.lane.masked

    @property
    def restored(self) -> Mapping[str, int]:
        return self.lane.restored

    def finish(self) -> Shown:
        shown = self.lane.finish()
        self._closed(self)
        return shown

    def whole(self, data: bytes) -> Shown:
        shown = self.lane.whole(data)
        self._closed(self)
        return shown


class LaneCounts:
    """Of one answer, for one thread at a time."""

    def __init__(self, masker: TextMasker) -> None:
        self.masked: Counter[str] = Counter()
        self.restored: Counter[str] = Counter()
        self._masker = masker
        self._open: set[_CountedLane] = set()

    def lane(self, plan: LanePlan, context: bytes) -> Lane:
        """A new lane of the session, whose masks count here. Kept while it is open: a file may have millions."""
        lane = _CountedLane(self._masker.lane(plan, context=context), self._closed)
        self._open.add(lane)
        return lane

    def so_far(self) -> "LaneCounts":
        """What is counted now, open lanes included; what they do from here on is not."""
        known = LaneCounts(self._masker)
        known.masked += self.masked
        known.restored += self.restored
        for lane in self._open:
            known.masked.update(lane.lane.masked)
            known.restored.update(lane.lane.restored)
        return known

    def finish(self) -> None:
        """No lane goes on."""
        for lane in tuple(self._open):
            self._closed(lane)

    def _closed(self, lane: _CountedLane) -> None:
        self._open.discard(lane)
        self.masked.update(lane.lane.masked)
        self.restored.update(lane.lane.restored)
