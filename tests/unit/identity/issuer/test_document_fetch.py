"""Documents from addresses that strangers name, over real TLS."""

import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from passgate.core.errors import OAuthError
from passgate.identity.authority import make_authority, make_server_certificate
from passgate.identity.issuer.document_fetch import DocumentFetch, PublicResolver, is_public

Handler = Callable[[web.Request], web.Response]


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    folder, now = tmp_path_factory.mktemp("tls"), datetime.now(UTC)
    authority = make_authority(organization="example", now=now)
    server = make_server_certificate(authority, names=["127.0.0.1"], now=now)
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "server.pem").write_bytes(server.key + server.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context, folder / "ca.pem"


@asynccontextmanager
async def host(context: ssl.SSLContext, handler: Handler) -> AsyncIterator[str]:
    async def serve(request: web.Request) -> web.Response:
        return handler(request)

    application = web.Application()
    application.router.add_get("/client.json", serve)
    server = TestServer(application, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield f"https://127.0.0.1:{server.port}/client.json"
    finally:
        await server.close()


def said(_request: web.Request) -> web.Response:
    return web.json_response({"client_id": "x"})


async def test_a_document_is_read(tls: tuple[ssl.SSLContext, Path]) -> None:
    context, ca = tls
    async with host(context, said) as url:
        assert await DocumentFetch(ca=ca, private=True)(url) == {"client_id": "x"}
        for fetch in (DocumentFetch(ca=ca), DocumentFetch(private=True)):  # a private address; an unknown authority
            with pytest.raises(OAuthError):
                await fetch(url)


def elsewhere(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "https://127.0.0.1/"})


def large(_request: web.Request) -> web.Response:
    return web.Response(body=b'{"a": "' + b"x" * 20_000 + b'"}')


def page(_request: web.Request) -> web.Response:
    return web.Response(text="<html>")


def list_(_request: web.Request) -> web.Response:
    return web.json_response([])


@pytest.mark.parametrize("handler", [elsewhere, large, page, list_])
async def test_what_is_no_document(tls: tuple[ssl.SSLContext, Path], handler: Handler) -> None:
    context, ca = tls
    async with host(context, handler) as url:
        with pytest.raises(OAuthError, match="cannot be read"):
            await DocumentFetch(ca=ca, private=True)(url)


async def test_a_host_that_is_not_there() -> None:
    with pytest.raises(OAuthError):
        await DocumentFetch(private=True)("https://127.0.0.1:1/client.json")


def test_an_authority_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        DocumentFetch(ca=tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.216.34", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("2001::1", False),
        ("ff02::1", False),
        ("fec0::1", False),  # site-local: deprecated, and routed inside still
        ("::127.0.0.1", False),  # IPv4-compatible
        ("::ffff:0:7f00:1", False),  # IPv4-translated (RFC 2765)
        ("64:ff9b:1::7f00:1", False),  # a network's own NAT64 (RFC 8215)
        ("5f00::1", False),
        ("3fff::1", False),
        ("4000::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


class Names(AbstractResolver):
    """A name server of the stranger's own."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.closed = False

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0) for one in self.addresses
        ]

    async def close(self) -> None:
        self.closed = True


async def test_a_name_that_leads_inside_leads_nowhere() -> None:
    names = Names("93.184.216.34")
    resolver = PublicResolver(names)
    assert [one["host"] for one in await resolver.resolve("editor.example", 443)] == ["93.184.216.34"]
    await resolver.close()
    assert names.closed
    for addresses in (("127.0.0.1",), ("93.184.216.34", "169.254.169.254"), ("::1",)):
        with pytest.raises(OSError, match="not a public address"):
            await PublicResolver(Names(*addresses)).resolve("editor.example", 443)


async def test_localhost_by_name_is_inside() -> None:
    with pytest.raises(OAuthError):
        await DocumentFetch()("https://localhost:1/client.json")
