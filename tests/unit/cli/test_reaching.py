"""Why a gate or a provider was not reached, as a person is told."""

import asyncio
import datetime as dt
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from passgate.cli.reaching import trusting, why_not
from passgate.core.errors import ConfigError
from passgate.identity.authority import make_authority, make_server_certificate


@pytest.fixture
async def unknown(tmp_path: Path) -> AsyncIterator[str]:
    """A listener with TLS whose authority nobody knows."""
    now = dt.datetime.now(dt.UTC)
    shown = make_server_certificate(make_authority(organization="x", now=now), names=["127.0.0.1"], now=now)
    (tmp_path / "server.crt").write_bytes(shown.certificate)
    (tmp_path / "server.key").write_bytes(shown.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def tried(url: str) -> str:
    with pytest.raises((aiohttp.ClientError, OSError, TimeoutError)) as failed:
        async with aiohttp.ClientSession() as session, session.get(url, ssl=trusting(None)):
            pass
    return why_not(failed.value)


async def test_a_certificate_of_a_stranger_says_which_option(unknown: str) -> None:
    said = await tried(unknown)
    assert said.startswith("its certificate is not trusted: ")
    assert "--ca" in said


async def test_nobody_listens_or_something_else_does(unused_tcp_port: int) -> None:
    assert await tried(f"https://127.0.0.1:{unused_tcp_port}") == "Connection refused"

    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"EHLO\r\n" * 10)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await tried(f"https://127.0.0.1:{port}") == "what listens there does not speak TLS"


def test_what_else_there_is() -> None:
    assert why_not(TimeoutError()) == "no answer in time"
    assert why_not(aiohttp.ServerDisconnectedError()) == "it ended the connection without an answer"
    assert why_not(OSError(111, "Connection refused")) == os.strerror(111)
    assert why_not(OSError("Multiple exceptions")) == "Multiple exceptions"
    assert why_not(OSError(-2, "Name or service not known")) == "Name or service not known"
    assert why_not(aiohttp.ClientPayloadError("x")) == "ClientPayloadError"


def test_authorities_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.pem are not usable: No such file or directory"):
        trusting(tmp_path / "none.pem")
    (tmp_path / "ca.pem").write_text("nonsense")
    with pytest.raises(ConfigError, match=r"ca\.pem are not usable"):
        trusting(tmp_path / "ca.pem")
