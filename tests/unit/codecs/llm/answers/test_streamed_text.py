import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.answers.streamed_text import Part, StreamedText
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from passgate.core.masker import Shown
from tests.unit.codecs.llm.answers.lanes import WordLane, delivered, recorded

pieces = st.lists(
    st.sampled_from(["swordfish", "sword", "fish", "s", "<<EMAIL:", "abc>>", "", "a", " é😀 ", "fis"]), max_size=12
)


def fed(*texts: str) -> tuple[StreamedText, list[Part]]:
    text = StreamedText(lambda: WordLane(Field.ASSISTANT, b""))
    parts = [Part(one.encode(), 0, 0) for one in texts]
    for part in parts:
        text.feed(part)
    return text, parts


def shown(parts: list[Part]) -> list[str | None]:
    return [None if part.shown is None else part.shown.delivered.decode() for part in parts]


@given(pieces)
def test_all_parts_together_say_what_the_lane_shows(texts):
    text, parts = fed(*texts)
    assert text.finish() is None
    whole = "".join(texts).encode()
    assert b"".join(part.shown.delivered for part in parts) == delivered(whole)
    assert b"".join(part.shown.recorded for part in parts) == recorded(whole)


@given(pieces)
def test_parts_in_which_nothing_changed_keep_their_text(texts):
    text, parts = fed(*texts)
    text.finish()
    if delivered("".join(texts).encode()) == "".join(texts).encode():
        assert [part.shown.delivered for part in parts] == [part.text for part in parts]


@given(pieces, st.sets(st.integers(0, 11)))
def test_nothing_is_lost_where_parts_are_let_go_early(texts, early):
    text = StreamedText(lambda: WordLane(Field.ASSISTANT, b""))
    parts = []
    for place, one in enumerate(texts):
        part = Part(one.encode(), 0, 0)
        parts.append(part)
        text.feed(part)
        if place in early:
            for waiting in parts:
                if waiting.shown is None:
                    text.let_go(waiting)
    rest = text.finish() or Shown(delivered=b"", recorded=b"")
    whole = "".join(texts).encode()
    assert b"".join(part.shown.delivered for part in parts) + rest.delivered == delivered(whole)
    assert b"".join(part.shown.recorded for part in parts) + rest.recorded == recorded(whole)


def test_a_part_is_known_when_nothing_of_it_waits():
    text, parts = fed("one ", "two sw", "am ", "sword")
    assert shown(parts) == ["one ", "two sw", "am ", None]
    assert (text.held, text.waits) == (5, True)


def test_what_was_replaced_goes_into_the_first_part_that_had_some_of_it():
    _, parts = fed("a ", "b sw", "ord", "fish c", " d")
    assert shown(parts) == ["a ", "b <MASKED> c", "", "", " d"]


def test_the_beginning_of_the_next_part_stays_with_it():
    text, parts = fed("a sw", "ord and swo")
    assert shown(parts) == ["a sw", None]
    text.finish()
    assert shown(parts) == ["a sw", "ord and swo"]


def test_a_replacement_carries_what_follows_it_where_the_next_part_waits():
    _, parts = fed("my swo", "rdfish and s", "ea")
    assert shown(parts) == ["my <MASKED> and ", "s", "ea"]


def test_a_part_of_its_own_is_a_part_that_is_unchanged():
    text, parts = fed("x swordfis", "h", " y", "z sw")
    text.finish()
    assert shown(parts)[2:] == [" y", "z sw"]


def test_text_after_the_end_breaks_the_protocol():
    text, _ = fed("a")
    text.finish()
    text.feed(nothing := Part(b"", 0, 0))
    assert nothing.shown == Shown(delivered=b"", recorded=b"")
    with pytest.raises(RemoteProtocolError, match="goes on"):
        text.feed(Part(b"b", 0, 0))
    assert text.finish() is None
    assert text.held == 0


class Swallower:
    """Shows a mask as soon as it sees a key, and swallows what follows, without waiting for anything."""

    held = 0

    def __init__(self) -> None:
        self._in = False

    def feed(self, data: bytes) -> Shown:
        if self._in:
            return Shown(delivered=b"", recorded=b"")
        self._in = b"KEY" in data
        return Shown(delivered=data.replace(b"KEY", b"<KEY>"), recorded=data)

    def finish(self) -> Shown:
        return Shown(delivered=b" more", recorded=b"")

    def whole(self, data: bytes) -> Shown:
        first, rest = self.feed(data), self.finish()
        return Shown(delivered=first.delivered + rest.delivered, recorded=first.recorded + rest.recorded)


def test_what_is_swallowed_leaves_empty_parts_and_what_is_added_is_not_lost():
    text = StreamedText(Swallower)
    parts = [Part(one, 0, 0) for one in (b"a", b"KEY", b"abc", b"def")]
    for part in parts:
        text.feed(part)
    assert shown(parts) == ["a", "<KEY>", "", ""]
    assert text.finish() == Shown(delivered=b" more", recorded=b"")


class Mute(Swallower):
    """Holds everything, and shows nothing of it in the end unless it came alone."""

    @property
    def held(self) -> int:
        return 1

    def feed(self, data: bytes) -> Shown:
        self._said = data if not self._in else b""
        self._in = True
        return Shown(delivered=b"", recorded=b"")

    def finish(self) -> Shown:
        return Shown(delivered=self._said, recorded=self._said)


def test_what_was_shown_before_an_interruption_must_be_shown_again():
    text = StreamedText(Mute)
    text.feed(Part(b"a", 0, 0))
    assert text.interrupt()
    assert not text.interrupt()
    text.feed(Part(b"b", 0, 0))
    with pytest.raises(RemoteProtocolError, match="interrupted"):
        text.finish()


def test_only_the_oldest_part_can_be_let_go():
    text, parts = fed("a sw", "o")
    text.let_go(parts[1])
    assert shown(parts) == [None, None]
    text.let_go(parts[0])
    assert shown(parts) == ["a ", None]


def test_a_text_that_may_not_be_interrupted_is_not():
    text = StreamedText(lambda: WordLane(Field.ASSISTANT, b""), interruptible=False)
    text.feed(Part(b"sw", 0, 0))
    assert not text.interrupt()


class Late(Swallower):
    """Holds everything until the end, and says more than it was fed."""

    def __init__(self) -> None:
        super().__init__()
        self._all = b""

    @property
    def held(self) -> int:
        return len(self._all)

    def feed(self, data: bytes) -> Shown:
        self._all += data
        return Shown(delivered=b"", recorded=b"")

    def finish(self) -> Shown:
        return Shown(delivered=self._all + b"!", recorded=self._all)


def test_more_than_came_goes_into_the_last_part():
    text = StreamedText(Late)
    parts = [Part(one, 0, 0) for one in (b"a", b"b")]
    for part in parts:
        text.feed(part)
    assert text.finish() is None
    assert shown(parts) == ["a", "b!"]
    assert [part.shown.recorded for part in parts] == [b"a", b"b"]
