import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.answers.sse import Event, EventParser, comment, event_bytes
from passgate.core.errors import RemoteProtocolError

_BITS = [
    b"\n",
    b"\r",
    b"\r\n",
    b"data: x",
    b"data:y",
    b"data",
    b": c",
    b"event: e",
    b"id: 1",
    b"retry: 10",
    b"\xef\xbb\xbf",
    b"zz",
    b":",
]
streams = st.lists(st.sampled_from(_BITS), max_size=30).map(b"".join)


def parsed(data: bytes, size: int | None = None) -> list[Event]:
    parser = EventParser()
    events = []
    for start in range(0, len(data), size or max(1, len(data))):
        events += parser.feed(data[start : start + (size or len(data))])
    return events + parser.finish()


@given(streams, st.integers(1, 5))
def test_how_a_stream_is_cut_does_not_show(data, size):
    assert parsed(data, size) == parsed(data)


@given(streams)
def test_events_joined_are_the_stream(data):
    assert b"".join(event.raw for event in parsed(data)) == data


@given(streams)
def test_an_event_rewritten_with_its_own_data_says_the_same(data):
    for index, event in enumerate(parsed(data)):
        if event.data is not None:
            before = b"\n" if index else b""  # a byte order mark counts at the very beginning only
            again = parsed(before + event.rewritten(event.data, event.others))
            assert [one.data for one in again if one.data is not None] == [event.data]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"data: a\n\n", b"", b"a"),
        (b"data:a\n\n", b"", b"a"),
        (b"data:  a\n\n", b"", b" a"),
        (b"data: a\r\n\r\n", b"", b"a"),
        (b"data: a\r\r", b"", b"a"),
        (b"event: e\ndata: a\n\n", b"e", b"a"),
        (b"data: a\nevent: e\n\n", b"e", b"a"),
        (b"event: e\nid: 1\ndata: a\n\n", b"e", b"a"),
        (b"event: e\ndata: a\ndata: b\n\n", b"e", b"a\nb"),
        (b"data\n\n", b"", b""),
        (b"data: a\ndata\n\n", b"", b"a\n"),
        (b": hello\ndata: a\n\n", b"", b"a"),
        (b"data: a\r\ndata: b\r\n\r\n", b"", b"a\nb"),
    ],
)
def test_forms_of_one_event(data, name, said):
    assert [(event.raw, event.name, event.data) for event in parsed(data)] == [(data, name, said)]


def test_an_event_leaves_when_its_blank_line_is_there():
    parser = EventParser()
    assert parser.feed(b"data: a\n") == []
    assert [event.data for event in parser.feed(b"\ndata: b\n")] == [b"a"]
    assert [event.data for event in parser.feed(b"\n")] == [b"b"]


def test_a_lone_carriage_return_ends_an_event_at_once():
    parser = EventParser()
    assert [event.data for event in parser.feed(b"data: a\r\r")] == [b"a"]


def test_the_line_feed_of_a_stream_with_both_is_waited_for():
    parser = EventParser()
    assert parser.feed(b"data: a\r\n\r") == []
    assert [event.raw for event in parser.feed(b"\n")] == [b"data: a\r\n\r\n"]


def test_a_byte_order_mark_is_none_of_the_first_field():
    assert [(event.raw, event.data) for event in parsed(b"\xef\xbb\xbfdata: a\n\n", 1)] == [
        (b"\xef\xbb\xbf", None),
        (b"data: a\n\n", b"a"),
    ]


def test_a_byte_order_mark_later_is_a_part_of_a_name_that_nobody_knows():
    [_, event] = parsed(b"data: a\n\n\xef\xbb\xbfdata: b\n\n")
    assert (event.data, event.others) == (None, (b"\xef\xbb\xbfdata: b",))


@pytest.mark.parametrize("event", [b"data: aaaa\n\n", b"data: aaaa"])
def test_an_event_is_bounded(event):
    parser = EventParser(max_event=9)
    with pytest.raises(RemoteProtocolError, match="longer than 9 bytes"):
        parser.feed(event)
    assert len(EventParser(max_event=12).feed(b"data: aaaa\n\n")) == 1


@pytest.mark.parametrize("line", [b"data: x\r", b"data: x\r\n", b"\rdata: x", b": x\n"])
def test_an_event_of_many_lines_is_not_read_again_with_each_of_them(monkeypatch, line):
    """Each line that ended with CR had all of the event read anew, on the loop that serves everybody."""
    from passgate.codecs.llm.answers import sse

    class Counting:
        read = 0

        def search(self, data):
            self.read += len(data)
            return blank.search(data)

    blank, counting = sse._BLANK, Counting()
    monkeypatch.setattr(sse, "_BLANK", counting)
    parser = EventParser()
    for _ in range(500):
        assert parser.feed(line) == []
    assert counting.read <= 500 * (len(line) + 4)
    [event] = parser.finish()
    assert event.raw == line * 500


def test_only_the_data_of_a_rewritten_event_changes():
    [event] = parsed(b"event: e\nid: 7\ndata: old\n\n")
    assert event.rewritten(b"new") == b"event: e\nid: 7\ndata: new\n\n"


def test_several_lines_of_data_become_as_many_as_the_new_data_has():
    [event] = parsed(b"data: a\r\nid: 7\r\ndata: b\r\n\r\n")
    assert event.rewritten(b"c") == b"data: c\r\nid: 7\r\n\r\n"
    assert event.rewritten(b"c\nd") == b"data: c\r\ndata: d\r\nid: 7\r\n\r\n"


def test_one_line_of_data_may_become_two():
    [event] = parsed(b"data: a\n\n")
    assert event.rewritten(b"c\nd") == b"data: c\ndata: d\n\n"


def test_what_the_standard_does_not_know_can_be_rewritten_too():
    [event] = parsed(b": one\nid: two\nretry: 5\nretry: x\nnobody: three\nfour\ndata: a\n\n")
    assert event.others == (b"one", b"two", b"x", b"nobody: three", b"four")
    assert (
        event.rewritten(b"b", [b"1", b"2\n", b"3", b"4", b"5"]) == b": 1\nid: 2 \nretry: 5\nretry: 3\n4\n5\ndata: b\n\n"
    )


def test_an_event_without_its_blank_line_at_the_end_is_still_one():
    [first, last] = parsed(b"data: a\n\ndata: [DONE]")
    assert (first.data, last.data, last.raw) == (b"a", b"[DONE]", b"data: [DONE]")


def test_what_is_written_can_be_read():
    assert parsed(event_bytes(b"{}"))[0].data == b"{}"
    [event] = parsed(event_bytes(b"{}", name=b"ping"))
    assert (event.name, event.data) == (b"ping", b"{}")
    assert parsed(comment(b"keepalive"))[0].data is None


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_stream_may_end_after_any_of_its_bytes(ending):
    whole = ending.join([b"event: e", b"data: a", b"", b"data: b", b"", b"event: e", b"data: c", b"data: d", b"", b""])
    for end in range(len(whole) + 1):
        assert b"".join(event.raw for event in parsed(whole[:end])) == whole[:end]
