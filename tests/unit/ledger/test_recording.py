"""Recordings: what is stored is what was written, up to the caps; the hash covers all of it."""

import asyncio
import errno
import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType
from passgate.core.moment import RecordedLine
from passgate.ledger import chunk_files
from passgate.ledger import recording as module
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import Entry, LedgerReader
from passgate.ledger.recording import CHANNELS, Line, joined, lines, recording_folder
from passgate.ledger.replay import recorded_lines
from passgate.ledger.settings import LedgerSettings, RecordingSettings
from passgate.ledger.verify import verify
from passgate.pipeline.protocols import RecordingDigest
from tests.faults.kit import SMALL, a_session, ended, started

Written = list[tuple[str, bytes]]


def with_recording(**changes: float) -> LedgerSettings:
    return replace(SMALL, recording=replace(RecordingSettings(), **changes))  # type: ignore[arg-type]


async def record(folder: Path, written: Written, settings: LedgerSettings = SMALL) -> RecordingDigest:
    ledger = Ledger.open(folder, settings)
    session = a_session()
    recording = ledger.recording(session)
    ledger.append(started(session))
    for channel, data in written:
        recording.write(channel, data)
    digest = recording.close()
    ledger.append(ended(session, chunks=digest.chunks))
    ledger.close()
    return digest


def read_back(folder: Path) -> list[RecordedLine]:
    reader = LedgerReader(folder)
    entries = reader.session("S1")
    log = entries[0].log
    return list(recorded_lines(recording_folder(log.directory, "S1"), entries, reader.session_keys(log, "S1")))


def told(folder: Path, type_: EventType) -> list[Entry]:
    return [entry for entry in LedgerReader(folder).entries() if entry.type == type_]


def whole_hash(written: Written) -> str:
    return sha256(b"".join(data for _, data in written)).hexdigest()


async def test_what_was_written_is_read_back_with_growing_times(tmp_path: Path) -> None:
    written = [("in", b"SELECT 1"), ("shape", b"{}"), ("rows", b"x" * 3000), ("end", b"{}"), ("notice", b"")]
    digest = await record(tmp_path, written)
    read = read_back(tmp_path)
    assert [(line.channel, line.data) for line in read] == written
    assert [line.at for line in read] == sorted(line.at for line in read)
    assert digest == RecordingDigest(sha256=whole_hash(written), bytes=3012, stored=3012, chunks=1)
    assert not verify(LedgerReader(tmp_path)).failed


async def test_chunks_are_bounded_and_chained(tmp_path: Path) -> None:
    written = [("in", os.urandom(700)) for _ in range(20)] + [("in", os.urandom(5000))]
    digest = await record(tmp_path, written, with_recording(chunk_bytes=2048))
    details = [entry.event["detail"] for entry in told(tmp_path, EventType.REC_CHUNK)]
    assert digest.chunks == len(details) > 8
    assert all(detail["bytes"] <= 2048 for detail in details)
    assert [detail["n"] for detail in details] == list(range(digest.chunks))
    assert [detail["prev"] for detail in details] == ["", *(detail["ct_sha256"] for detail in details[:-1])]
    assert all(detail["t0"] <= detail["t1"] for detail in details)
    assert b"".join(line.data for line in read_back(tmp_path)) == b"".join(data for _, data in written)


def test_nothing_lies_open_on_disk(tmp_path: Path) -> None:
    asyncio.run(record(tmp_path, [("rows", b"a very plain value " * 10)]))
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"plain value" in data for data in files)


async def test_past_the_cap_of_a_result_only_the_hash_goes_on(tmp_path: Path) -> None:
    written = [
        ("shape", b"{}"),
        ("rows", b"a" * 60),
        ("rows", b"b" * 60),
        ("rows", b"c" * 60),
        ("end", b"{}"),
        ("shape", b"{}"),
        ("rows", b"d" * 60),
    ]
    digest = await record(tmp_path, written, with_recording(result_bytes=100))
    assert (digest.sha256, digest.bytes, digest.stored) == (whole_hash(written), 246, 166)
    stored = [(line.channel, line.data) for line in read_back(tmp_path)]
    assert stored == [
        ("shape", b"{}"),
        ("rows", b"a" * 60),
        ("rows", b"b" * 40),
        ("cut", orjson.dumps({"result": 80})),
        ("end", b"{}"),
        ("shape", b"{}"),
        ("rows", b"d" * 60),
    ]
    assert [e.event["detail"]["bound"] for e in told(tmp_path, EventType.BOUND_HIT)] == ["recording-result"]


async def test_past_the_cap_of_a_session_only_the_hash_goes_on(tmp_path: Path) -> None:
    written = [("in", b"a" * 60), ("in", b"b" * 60), ("in", b"c" * 30)]
    digest = await record(tmp_path, written, with_recording(session_bytes=100))
    assert (digest.sha256, digest.bytes, digest.stored) == (whole_hash(written), 150, 90)
    assert [line.channel for line in read_back(tmp_path)] == ["in", "in", "cut"]
    assert [e.event["detail"]["bound"] for e in told(tmp_path, EventType.BOUND_HIT)] == ["recording-session"]


async def test_where_the_thread_falls_behind_storing_stops_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    free, real = threading.Event(), chunk_files.write_chunk

    def slow(folder: Path, name: str, data: bytes) -> None:
        free.wait()
        real(folder, name, data)

    monkeypatch.setattr(chunk_files, "write_chunk", slow)
    ledger = Ledger.open(tmp_path, with_recording(chunk_bytes=1000, lag_bytes=3000))
    recording = ledger.recording(a_session())
    ledger.append(started(a_session()))
    written = [("in", b"%03d" % n * 100) for n in range(60)]
    for channel, data in written:
        recording.write(channel, data)
    free.set()
    digest = recording.close()
    ledger.append(ended(a_session(), chunks=digest.chunks))
    ledger.close()
    assert digest.sha256 == whole_hash(written)
    assert 3000 <= digest.stored < digest.bytes
    assert [e.event["detail"]["bound"] for e in told(tmp_path, EventType.BOUND_HIT)] == ["recording-lag"]
    read = read_back(tmp_path)
    assert sum(len(line.data) for line in read if line.channel == "in") == digest.stored
    assert orjson.loads(read[-1].data) == {"lag": digest.bytes - digest.stored}


async def test_a_chunk_is_stored_after_its_time_even_if_it_is_small(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, with_recording(chunk_seconds=0.02))
    recording = ledger.recording(a_session())
    recording.write("in", b"SELECT 1")
    while not told(tmp_path, EventType.REC_CHUNK):  # noqa: ASYNC110 - another thread's work
        await asyncio.sleep(0.01)
    recording.write("in", b"SELECT 2")
    assert recording.close().chunks == 2
    assert recording.close().chunks == 2
    ledger.close()
    assert [line.data for line in read_back(tmp_path)] == [b"SELECT 1", b"SELECT 2"]


async def test_a_chunk_that_cannot_be_stored_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, name: str, data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(chunk_files, "write_chunk", fail)
    await record(tmp_path, [("in", b"SELECT 1")])
    gap = told(tmp_path, EventType.AUDIT_GAP)[0].event["detail"]
    assert (gap["reason"], gap["n"], gap["failed"]) == ("recording", 0, "No space left on device")
    assert not verify(LedgerReader(tmp_path)).failed


async def test_a_recording_after_the_ledger_has_closed_is_counted_only(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, with_recording(result_bytes=1))
    recording = ledger.recording(a_session())
    ledger._writer.close()
    recording.write("rows", b"abc")
    assert recording.close().bytes == 3
    ledger._recordings.close()
    ledger._slots.close()


@pytest.mark.parametrize("session", ["../../etc", "", "x" * 65, "a/b", "ü"])
def test_a_session_id_is_never_a_way_out_of_the_folder(session: str, tmp_path: Path) -> None:
    folder = recording_folder(tmp_path, session)
    assert folder.parent == tmp_path / "recordings"
    assert folder.name == sha256(session.encode()).hexdigest()
    assert recording_folder(tmp_path, "01J-plain_id").name == "01J-plain_id"


@given(
    st.lists(st.tuples(st.sampled_from(sorted(CHANNELS)), st.integers(0, 2**63), st.binary(max_size=50)), max_size=10)
)
def test_lines_are_read_as_written(written: list[tuple[str, int, bytes]]) -> None:
    plain = b"".join(module._LINE.pack(CHANNELS[channel], at, len(data)) + data for channel, at, data in written)
    assert [(line.channel, line.at, line.data) for line in lines(plain)] == written


@given(st.binary(max_size=60))
def test_any_bytes_are_lines_or_corrupt(data: bytes) -> None:
    try:
        read = list(lines(data))
    except LedgerCorruptError:
        return
    assert b"".join(module._LINE.pack(CHANNELS[r.channel], r.at, len(r.data)) + r.data for r in read) == data


async def test_a_line_is_read_back_whole_however_long(tmp_path: Path) -> None:
    long = os.urandom(10_000)
    written = [
        ("in", b"a"),
        ("sent", long),
        ("frame", b"b"),
        ("verdict", b'{"a":"' + b"c" * 5000 + b'"}'),
        ("end", b"{}"),
    ]
    digest = await record(tmp_path, written, with_recording(chunk_bytes=2048))
    assert digest.chunks > 5
    assert [(line.channel, line.data) for line in read_back(tmp_path)] == written


async def test_results_under_way_at_once_are_bounded_each_by_itself(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, with_recording(result_bytes=4))
    session = a_session()
    recording = ledger.recording(session)
    ledger.append(started(session))
    for channel, data, result in (
        ("frame", b"aaa", "A"), ("frame", b"bbb", "B"), ("frame", b"AAA", "A"), ("frame", b"BBB", "B"), ("end", b"{}", "A"),
        ("frame", b"aaaa", "A"), ("frame", b"B", "B"), ("end", b"{}", "B"),
    ):  # fmt: skip
        recording.write(channel, data, result=result)
    recording.close()
    ledger.close()
    assert [(line.channel, line.data) for line in read_back(tmp_path)] == [
        ("frame", b"aaa"), ("frame", b"bbb"), ("frame", b"A"), ("frame", b"B"), ("cut", b'{"result":4}'), ("end", b"{}"),
        ("frame", b"aaaa"), ("cut", b'{"result":1}'), ("end", b"{}"),
    ]  # fmt: skip


FIRST, MIDDLE, LAST = (
    Line("sent", 1, b"a", more=True),
    Line("sent", 1, b"b", more=True, continued=True),
    Line("sent", 1, b"c", continued=True),
)


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([FIRST, MIDDLE, LAST], [("sent", b"abc")]),
        ([FIRST, MIDDLE], [("sent", b"ab")]),
        ([FIRST, FIRST, LAST], [("sent", b"a"), ("sent", b"ac")]),
        ([FIRST, Line("end", 2, b"{}")], [("sent", b"a"), ("end", b"{}")]),
        ([MIDDLE, LAST], [("cut", b'{"missing":1}'), ("cut", b'{"missing":1}')]),
        ([LAST, Line("end", 2, b"{}")], [("cut", b'{"missing":1}'), ("end", b"{}")]),
        ([FIRST, Line("frame", 1, b"c", continued=True)], [("sent", b"a"), ("cut", b'{"missing":1}')]),
        ([Line("verdict", 1, b'{"a', more=True)], [("cut", b'{"missing":3}')]),
    ],
)
def test_where_a_part_is_gone_with_its_chunk(parts: list[Line], whole: list[tuple[str, bytes]]) -> None:
    assert [(line.channel, line.data) for line in joined(parts)] == whole
