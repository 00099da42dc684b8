"""A client that speaks the protocol by hand, for what drivers would never do."""

import asyncio
import ssl

from scramp import ScramClient

from passgate.codecs.postgres.authentication import SASLInitialResponse, SASLResponse
from passgate.codecs.postgres.startup import SSLRequest, StartupMessage
from tests.integration.conftest import Gate


async def message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind = await reader.readexactly(1)
    length = int.from_bytes(await reader.readexactly(4), "big")
    return kind, await reader.readexactly(length - 4)


async def until(reader: asyncio.StreamReader, kind: bytes) -> list[tuple[bytes, bytes]]:
    messages = [await message(reader)]
    while messages[-1][0] != kind:
        messages.append(await message(reader))
    return messages


async def encrypted(gate: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(SSLRequest().encode())
    assert await reader.readexactly(1) == b"S"
    await writer.start_tls(ssl.create_default_context(cafile=str(gate.ca)), server_hostname="127.0.0.1")
    return reader, writer


async def log_in_telling(
    gate: Gate, user: str = "svc", *, minor: int = 0, extra: tuple[tuple[str, str], ...] = ()
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, list[tuple[bytes, bytes]]]:
    """``told``: every message from the end of authentication to ReadyForQuery."""
    reader, writer = await encrypted(gate)
    parameters = (("user", user), ("database", "shop"), *extra)
    writer.write(StartupMessage(parameters=parameters, minor=minor).encode())
    await until(reader, b"R")
    client = ScramClient(["SCRAM-SHA-256"], "*", "s3cret")
    first = client.get_client_first().encode()
    writer.write(SASLInitialResponse(mechanism="SCRAM-SHA-256", data=first).encode())
    _, challenge = await message(reader)
    client.set_server_first(challenge[4:].decode())
    writer.write(SASLResponse(data=client.get_client_final().encode()).encode())
    _, proof = await message(reader)
    client.set_server_final(proof[4:].decode())
    return reader, writer, await until(reader, b"Z")


async def log_in(gate: Gate, user: str = "svc") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer, _ = await log_in_telling(gate, user)
    return reader, writer
