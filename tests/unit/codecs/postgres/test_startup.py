from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.startup import (
    GSSENCRequest,
    NegotiateProtocolVersion,
    SSLRequest,
    StartupMessage,
    parse_startup,
)
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.postgres.strategies import startup_packets


def packet(body: bytes) -> bytes:
    return (len(body) + 4).to_bytes(4) + body


def startup(*pairs: tuple[str, str], minor: int = 0) -> StartupMessage:
    message = StartupMessage(parameters=(("user", "ann"), *pairs), minor=minor)
    parsed = parse_startup(message.encode())
    assert parsed == message
    return message


@given(startup_packets)
def test_a_packet_is_read_as_it_was_written(message: Any) -> None:
    assert parse_startup(message.encode()) == message


@given(startup_packets, st.data())
def test_a_packet_cut_short_or_lengthened_is_refused(message: Any, data: st.DataObject) -> None:
    whole = message.encode()
    with pytest.raises(RemoteProtocolError):
        parse_startup(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(RemoteProtocolError):
        parse_startup(whole + b"\0")


@given(st.binary(max_size=60))
def test_any_bytes_parse_or_are_refused(body: bytes) -> None:
    for data in (body, packet(body), packet(b"\0\x03\0\0" + body)):
        try:
            parse_startup(data)
        except RemoteProtocolError:
            continue


def test_the_requests_have_the_codes_of_the_protocol() -> None:
    assert SSLRequest().encode() == bytes.fromhex("00000008 04d2162f")
    assert GSSENCRequest().encode() == bytes.fromhex("00000008 04d21630")


def test_the_database_is_named_after_the_user_unless_given() -> None:
    assert startup().database == "ann"
    assert startup(("database", "shop")).database == "shop"
    assert startup().user == "ann"


def test_the_protocols_own_options_are_told_from_parameters() -> None:
    message = startup(
        ("database", "shop"),
        ("application_name", "psql"),
        ("options", "-c x=1"),
        ("_pq_.tracing", "1"),
        ("replication", "off"),
    )
    assert message.protocol_options == (("_pq_.tracing", "1"),)
    assert message.get("options") == "-c x=1"
    assert message.get("nothing", "none") == "none"


@pytest.mark.parametrize("value", ["on", "true", "1", "database", "yes", "", "fals", "t", "DATABASE"])
def test_replication_is_recognised_unless_it_is_plainly_off(value: str) -> None:
    assert startup(("replication", value)).replication


@pytest.mark.parametrize("value", ["off", "false", "no", "0", "FALSE"])
def test_replication_that_is_off_is_an_ordinary_session(value: str) -> None:
    assert not startup(("replication", value)).replication
    assert not startup().replication


@pytest.mark.parametrize("minor", [0, 1, 2])
def test_known_versions_need_no_negotiation(minor: int) -> None:
    assert startup(minor=minor).negotiation() is None


def test_a_newer_version_is_answered_with_the_newest_that_is_spoken() -> None:
    assert startup(minor=9999).negotiation() == NegotiateProtocolVersion(newest=0x30002)


def test_an_unknown_protocol_option_is_named_and_the_version_kept() -> None:
    assert startup(("_pq_.x", "1"), minor=0).negotiation() == NegotiateProtocolVersion(
        newest=0x30000, unknown_options=("_pq_.x",)
    )


@pytest.mark.parametrize("version", [0x20000, 0x40000, 0, 80877105])
def test_another_major_version_is_refused(version: int) -> None:
    with pytest.raises(RemoteProtocolError, match="not spoken"):
        parse_startup(packet(version.to_bytes(4)))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"user\0ann\0user\0bob\0\0", "twice"),
        (b"database\0shop\0\0", "no user"),
        (b"user\0\0\0", "no user"),
        (b"user\0ann\0\0x", "too many"),
        (b"user\0ann\0", "no end"),
        (b"user\0ann", "no end"),
        (b"user\0\xff\0\0", "UTF-8"),
    ],
)
def test_a_malformed_startup_message_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        parse_startup(packet(b"\0\x03\0\0" + body))


def test_a_negotiation_cannot_announce_more_options_than_it_has() -> None:
    with pytest.raises(RemoteProtocolError, match="announced"):
        NegotiateProtocolVersion.parse(b"\0\x03\0\0" + b"\xff\xff\xff\xff")
