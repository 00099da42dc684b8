from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.authentication import SASLResponse
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.extended_query import Parse, Sync
from passgate.codecs.postgres.framing import (
    AUTHENTICATION_ANSWER,
    PRE_AUTHENTICATION,
    SMALL,
    STARTUP_PACKET,
    UPSTREAM_STARTUP,
    BackendLimits,
    FrontendLimits,
    StartupSplitter,
    backend_splitter,
    frontend_splitter,
)
from passgate.codecs.postgres.row_description import DataRow
from passgate.codecs.postgres.simple_query import Query
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.postgres.strategies import chunkings, cut, startup_packets


def size_of(kind: str, limit: int) -> bytes:
    """A header that announces one byte more than allowed."""
    return kind.encode() + (limit + 5).to_bytes(4)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [
        ("Q", 100),
        ("P", 100),
        ("B", 200),
        ("d", 200),
        ("F", 200),
        ("S", SMALL),
        ("D", SMALL),
        ("E", SMALL),
        ("X", SMALL),
    ],
)
def test_a_clients_message_is_bounded_before_it_is_held(kind: str, limit: int) -> None:
    splitter = frontend_splitter(FrontendLimits(text=100, data=200).table())
    splitter.feed(size_of(kind, limit))
    with pytest.raises(RemoteProtocolError, match=f"more than {limit}"):
        splitter.next()


@pytest.mark.parametrize("kind", ["Q", "P", "B"])
def test_no_padding_makes_a_message_go_by_unjudged(kind: str) -> None:
    """A gate that forwards what it cannot hold runs ``/* 8 MiB of padding */ DELETE``. Here the stream is over."""
    limits = FrontendLimits()
    splitter = frontend_splitter(limits.table())
    splitter.feed(size_of(kind, limits.data if kind == "B" else limits.text))
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            splitter.next()


def test_before_authentication_a_client_may_only_answer() -> None:
    splitter = frontend_splitter(PRE_AUTHENTICATION)
    splitter.feed(SASLResponse(data=b"n,,").encode() + Query(text="select 1").encode())
    frame = splitter.next()
    assert frame is not None
    assert frame.payload == b"n,,"
    with pytest.raises(RemoteProtocolError, match="not known here"):
        splitter.next()


def test_an_answer_is_small() -> None:
    splitter = frontend_splitter(PRE_AUTHENTICATION)
    splitter.feed(size_of("p", AUTHENTICATION_ANSWER))
    with pytest.raises(RemoteProtocolError):
        splitter.next()


def test_after_authentication_the_limits_are_changed_on_the_same_stream() -> None:
    splitter = frontend_splitter(PRE_AUTHENTICATION)
    splitter.feed(SASLResponse(data=b"x").encode() + Query(text="select 1").encode() + Sync().encode())
    assert splitter.next() is not None
    splitter.limit(FrontendLimits().table())
    kinds = []
    while (frame := splitter.next()) is not None:
        kinds.append(chr(frame.kind))
    assert kinds == ["Q", "S"]
    assert splitter.between


def test_an_answer_to_authentication_is_no_message_of_a_session() -> None:
    splitter = frontend_splitter(FrontendLimits().table())
    splitter.feed(SASLResponse(data=b"x").encode())
    with pytest.raises(RemoteProtocolError):
        splitter.next()


def test_a_clients_rows_of_describe_are_not_taken_for_rows() -> None:
    """``D`` is DataRow from a server and Describe from a client: only CopyData makes a run there."""
    splitter = frontend_splitter(FrontendLimits().table())
    describe = b"D\0\0\0\x06S\0"
    copied = CopyData(data=b"x").encode()
    splitter.feed(describe * 2 + copied * 3)
    counts = []
    while (frame := splitter.next()) is not None:
        counts.append((chr(frame.kind), frame.count))
    assert counts == [("D", 1), ("D", 1), ("d", 3)]


def test_a_server_says_little_before_it_is_ready() -> None:
    splitter = backend_splitter(UPSTREAM_STARTUP)
    splitter.feed(DataRow(values=()).encode())
    with pytest.raises(RemoteProtocolError, match="not known here"):
        splitter.next()


@pytest.mark.parametrize(("kind", "limit"), [("D", 300), ("d", 300), ("V", 300), ("T", 400), ("E", 400), ("Z", 400)])
def test_a_servers_message_is_bounded(kind: str, limit: int) -> None:
    splitter = backend_splitter(BackendLimits(row=300, report=400).table())
    splitter.feed(size_of(kind, limit))
    with pytest.raises(RemoteProtocolError, match=f"more than {limit}"):
        splitter.next()


def test_a_message_at_its_limit_passes() -> None:
    query = Query(text="x" * 99)
    splitter = frontend_splitter(FrontendLimits(text=100).table())
    splitter.feed(query.encode() + Parse(statement="", text="y" * 96).encode() + Bind(portal="", statement="").encode())
    kinds = []
    while (frame := splitter.next()) is not None:
        kinds.append(chr(frame.kind))
    assert kinds == ["Q", "P", "B"]


@given(st.lists(startup_packets, min_size=1, max_size=3), st.data())
def test_startup_packets_are_the_same_whatever_the_reads(packets: list[Any], data: st.DataObject) -> None:
    encoded = [packet.encode() for packet in packets]
    stream = b"".join(encoded)
    for pieces in ([stream], [bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))):
        splitter = StartupSplitter()
        seen = []
        for piece in pieces:
            splitter.feed(piece)
            while (packet := splitter.next()) is not None:
                seen.append(packet)
        assert seen == encoded
        assert splitter.rest == b""


def test_what_comes_behind_a_startup_packet_is_kept_apart() -> None:
    splitter = StartupSplitter()
    splitter.feed(bytes.fromhex("00000008 04d2162f") + b"smuggled")
    assert splitter.next() == bytes.fromhex("00000008 04d2162f")
    assert splitter.rest == b"smuggled"


@pytest.mark.parametrize("length", [0, 4, 7, STARTUP_PACKET + 1, 0xFFFFFFFF])
def test_a_startup_packet_is_bounded(length: int) -> None:
    splitter = StartupSplitter()
    splitter.feed(length.to_bytes(4))
    with pytest.raises(RemoteProtocolError):
        splitter.next()


def test_a_startup_packet_needs_its_length_first() -> None:
    splitter = StartupSplitter()
    splitter.feed(b"\0\0\0")
    assert splitter.next() is None
