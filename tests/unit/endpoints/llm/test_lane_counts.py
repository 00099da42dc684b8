"""Lanes are counted once, when they end, however they end."""

from passgate.core.text_plan import LanePlan
from passgate.endpoints.llm.lane_counts import LaneCounts
from tests.unit.endpoints.llm.parts import House


async def test_each_lane_counts_once() -> None:
    counts = LaneCounts(House().gated().masker)
    finished, whole, left = (counts.lane(LanePlan(), b"") for _ in range(3))
    finished.feed(b"a@b.cd")
    finished.finish()
    whole.whole(b"a@b.cd")
    left.feed(b"a@b.cd")
    assert counts.masked["EMAIL"] == finished.masked["EMAIL"] + whole.masked["EMAIL"]
    before = counts.masked["EMAIL"]
    counts.finish()
    counts.finish()
    assert counts.masked["EMAIL"] == before + left.masked["EMAIL"]
    assert (left.held, dict(left.restored)) == (0, {})


async def test_what_is_known_so_far_goes_on_no_further() -> None:
    counts = LaneCounts(House().gated().masker)
    counts.lane(LanePlan(), b"").whole(b"a@b.cd")
    left = counts.lane(LanePlan(), b"")
    left.feed(b"a@b.cd and so on, and so on")
    known = counts.so_far()
    assert known.masked["EMAIL"] == counts.masked["EMAIL"] + left.masked["EMAIL"]
    before = dict(known.masked)
    left.finish()
    known.finish()
    assert dict(known.masked) == before
