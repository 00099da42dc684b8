from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.framing import ROWS, BackendLimits, FrontendLimits
from passgate.codecs.postgres.row_description import DataRow
from passgate.codecs.postgres.simple_query import CommandComplete, Query
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.postgres.hot.implementations import name_of, twins
from tests.unit.codecs.postgres.strategies import backend, chunkings, cut, data_rows, frontend

TWINS = twins("passgate.codecs.postgres.hot._framing")
SERVER = BackendLimits().table()

both = pytest.mark.parametrize("twin", TWINS, ids=name_of)


def splitter_of(twin: ModuleType, limits: list[int] = SERVER, runs: bytes = ROWS) -> Any:
    return twin.Splitter(limits, runs, RemoteProtocolError)


def frames(splitter: Any, pieces: list[bytes]) -> list[Any]:
    seen = []
    for piece in pieces:
        splitter.feed(piece)
        while (frame := splitter.next()) is not None:
            seen.append(frame)
    return seen


def joined(seen: list[Any]) -> list[tuple[int, int, bytes]]:
    """Frames of one type in a row as one: reads may cut a run, and nothing else."""
    merged: list[tuple[int, int, bytes]] = []
    for frame in seen:
        if merged and merged[-1][0] == frame.kind and frame.kind in ROWS:
            kind, count, data = merged.pop()
            merged.append((kind, count + frame.count, data + frame.data))
        else:
            merged.append((frame.kind, frame.count, frame.data))
    return merged


def every_way(stream: bytes, data: st.DataObject) -> list[list[bytes]]:
    return [[stream], [bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))]


@both
@given(messages=st.lists(backend, max_size=6), data=st.data())
def test_a_servers_stream_is_the_same_whatever_the_reads(
    twin: ModuleType, messages: list[Any], data: st.DataObject
) -> None:
    encoded = [message.encode() for message in messages]
    for pieces in every_way(b"".join(encoded), data):
        splitter = splitter_of(twin)
        seen = frames(splitter, pieces)
        assert b"".join(frame.data for frame in seen) == b"".join(encoded)
        assert sum(frame.count for frame in seen) == len(messages)
        assert all(frame.whole for frame in seen)
        assert [kind for kind, count, _ in joined(seen) for _ in range(count)] == [one.TYPE for one in messages]
        assert splitter.between


@both
@given(messages=st.lists(frontend, max_size=6), data=st.data())
def test_a_clients_stream_is_the_same_whatever_the_reads(
    twin: ModuleType, messages: list[Any], data: st.DataObject
) -> None:
    encoded = [message.encode() for message in messages]
    for pieces in every_way(b"".join(encoded), data):
        seen = frames(splitter_of(twin, FrontendLimits().table(), b""), pieces)
        assert [frame.data for frame in seen] == encoded
        assert [frame.payload for frame in seen] == [one[5:] for one in encoded]
        assert [frame.kind for frame in seen] == [one.TYPE for one in messages]


@both
@given(stream=st.binary(max_size=80), data=st.data())
def test_any_bytes_give_the_same_frames_or_the_same_refusal(
    twin: ModuleType, stream: bytes, data: st.DataObject
) -> None:
    small = [40 if limit >= 0 else limit for limit in SERVER]
    outcomes = []
    for pieces in every_way(stream, data):
        splitter = splitter_of(twin, small)
        seen: list[Any] = []
        fault = ""
        try:
            for piece in pieces:
                splitter.feed(piece)
                while (frame := splitter.next()) is not None:
                    seen.append(frame)
        except RemoteProtocolError as error:
            fault = str(error)
        outcomes.append((joined(seen), fault))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@both
@given(rows=st.lists(data_rows, min_size=1, max_size=20))
def test_rows_that_follow_one_another_are_one_frame(twin: ModuleType, rows: list[DataRow]) -> None:
    run = b"".join(row.encode() for row in rows)
    end = CommandComplete(tag=f"SELECT {len(rows)}").encode()
    seen = frames(splitter_of(twin), [run + end])
    assert [(frame.count, frame.data) for frame in seen] == [(len(rows), run), (1, end)]


@both
def test_what_is_one_frame_is_the_very_object_that_was_read(twin: ModuleType) -> None:
    run = DataRow(values=(b"x" * 100,)).encode() * 10
    assert frames(splitter_of(twin), [run])[0].data is run


@both
def test_different_rows_are_different_runs(twin: ModuleType) -> None:
    row, copied = DataRow(values=(b"x",)).encode(), CopyData(data=b"y").encode()
    seen = frames(splitter_of(twin), [row * 2 + copied * 3])
    assert [(chr(frame.kind), frame.count) for frame in seen] == [("D", 2), ("d", 3)]


@both
def test_good_messages_before_a_bad_one_are_handed_out_first(twin: ModuleType) -> None:
    row = DataRow(values=(b"x",)).encode()
    splitter = splitter_of(twin)
    splitter.feed(row * 2 + b"D\0\0\0\3")
    assert splitter.next().count == 2
    with pytest.raises(RemoteProtocolError, match="length 3"):
        splitter.next()
    with pytest.raises(RemoteProtocolError, match="broken before"):
        splitter.next()


@both
@pytest.mark.parametrize(
    "header", [b"D\xff\xff\xff\xff", b"D\x80\0\0\0", b"D\0\0\0\0", b"\0\0\0\0\4", b"D\x7f\xff\xff\xff"]
)
def test_a_length_or_type_that_cannot_be_is_refused(twin: ModuleType, header: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        frames(splitter_of(twin), [header])


@both
def test_a_streamed_row_is_handed_on_in_pieces_and_never_held(twin: ModuleType) -> None:
    size = 100 * 1024 * 1024
    splitter = splitter_of(twin)
    splitter.stream(ROWS)
    read = bytes(64 * 1024)
    splitter.feed(b"D" + (size + 4).to_bytes(4))
    sent = len(splitter.next().data)
    most = 0
    whole = []
    splitter.feed(read)
    for _ in range(size // len(read)):
        frame = splitter.next()
        most = max(most, splitter.held)
        sent += len(frame.data)
        whole.append(frame.whole)
        if frame.count:
            break
        splitter.feed(read)
    assert sent == size + 5
    assert most <= len(read) + 5
    assert whole
    assert not any(whole)


@both
@pytest.mark.parametrize("read", [1000, 65536, 70_000])
def test_pieces_are_the_message_and_what_follows_is_whole_again(twin: ModuleType, read: int) -> None:
    big = DataRow(values=(b"x" * 200_000,)).encode()
    small = DataRow(values=(b"y",)).encode()
    end = CommandComplete(tag="SELECT 4").encode()
    stream = small + big + small * 2 + end
    splitter = splitter_of(twin)
    splitter.stream(ROWS)
    seen = frames(splitter, [stream[start : start + read] for start in range(0, len(stream), read)])
    assert b"".join(frame.data for frame in seen) == stream
    assert sum(frame.count for frame in seen if frame.kind == DataRow.TYPE) == 4
    assert seen[-1].data == end
    assert max(len(frame.data) for frame in seen) <= max(read, twin.PIECE_OVER) + len(big) % read + 5
    assert splitter.between


@both
def test_pieces_fed_while_nobody_pulls_come_out_in_order(twin: ModuleType) -> None:
    stream = DataRow(values=(bytes(range(256)) * 1000,)).encode()
    splitter = splitter_of(twin)
    splitter.stream(ROWS)
    for start in range(0, 200_000, 50_000):
        splitter.feed(stream[start : start + 50_000])
    first = splitter.next()
    splitter.feed(stream[200_000:])
    rest = frames(splitter, [b""])
    assert first.data + b"".join(frame.data for frame in rest) == stream
    assert splitter.between


@both
@pytest.mark.parametrize("reads", [2, 3])
def test_reads_that_nobody_pulled_between_are_put_together(twin: ModuleType, reads: int) -> None:
    message = Query(text="select " + "x" * 50).encode()
    splitter = splitter_of(twin, FrontendLimits().table(), b"")
    size = len(message) // reads
    for at in range(reads):
        splitter.feed(message[at * size : (at + 1) * size if at < reads - 1 else None])
    assert splitter.next().data == message
    assert splitter.next() is None


@both
def test_a_streamed_type_may_be_larger_than_its_limit_and_no_other_may(twin: ModuleType) -> None:
    limits = [200 if limit >= 0 else limit for limit in SERVER]
    splitter = splitter_of(twin, limits)
    splitter.stream(b"D")
    row = DataRow(values=(b"x" * 300,)).encode()
    assert frames(splitter, [row + row])[0].count == 2
    with pytest.raises(RemoteProtocolError, match="more than 200"):
        frames(splitter, [CopyData(data=b"x" * 201).encode()])


@both
def test_the_end_of_the_stream_inside_a_message_is_seen(twin: ModuleType) -> None:
    splitter = splitter_of(twin)
    assert splitter.between
    row = DataRow(values=(b"x",)).encode()
    frames(splitter, [row[:-1]])
    assert not splitter.between
    assert splitter.held == len(row) - 1
    frames(splitter, [row[-1:]])
    assert splitter.between


@both
def test_a_large_message_in_small_reads_is_put_together_once(twin: ModuleType) -> None:
    """What is held before the last byte is what was fed: nothing is handled twice, so the cost cannot be quadratic."""
    message = Query(text="x" * 300_000).encode()
    splitter = splitter_of(twin, FrontendLimits().table(), b"")
    for at in range(len(message) - 1):
        splitter.feed(message[at : at + 1])
        assert splitter.next() is None
        assert splitter.held == at + 1
    splitter.feed(message[-1:])
    assert splitter.next().data == message
    assert splitter.held == 0


@both
def test_a_frame_shows_what_it_is_and_not_what_is_in_it(twin: ModuleType) -> None:
    frame = frames(splitter_of(twin), [DataRow(values=(b"sesame",)).encode()])[0]
    assert repr(frame) == "Frame('D', count=1, bytes=17, whole=True)"
