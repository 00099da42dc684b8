"""Reads a document from an address that a stranger names: bounded, following nothing, never from the gate's own network."""

import ipaddress
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from passgate.core.errors import OAuthError

_MAX_BYTES = 16 * 1024
_SECONDS = 5.0


class DocumentFetch:
    """``ca``: the authority to trust instead of the system's. ``private``: also from private addresses."""

    def __init__(self, *, ca: Path | None = None, private: bool = False) -> None:
        """Raises OSError if the file cannot be read."""
        self._tls = ssl.create_default_context(cafile=None if ca is None else str(ca))
        self._private = private

    async def __call__(self, url: str) -> Mapping[str, Any]:
        """A JSON object. Raises OAuthError, which says nothing of what is there."""
        if not self._private and _is_private_literal(urlsplit(url).hostname or ""):
            raise _unreadable()
        resolver = ThreadedResolver() if self._private else PublicResolver()
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=resolver, ssl=self._tls, use_dns_cache=False),
                    timeout=aiohttp.ClientTimeout(total=_SECONDS),
                    trust_env=False,
                    cookie_jar=aiohttp.DummyCookieJar(),
                ) as client,
                client.get(url, allow_redirects=False, headers={"Accept": "application/json"}) as answer,
            ):
                if answer.status != 200:
                    raise _unreadable()
                body = b""
                while not answer.content.at_eof():
                    body += await answer.content.read(_MAX_BYTES + 1 - len(body))
                    if len(body) > _MAX_BYTES:
                        raise _unreadable()
            document = orjson.loads(body)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _unreadable() from error
        finally:
            await resolver.close()
        if not isinstance(document, dict):
            raise _unreadable()
        return document


class PublicResolver(AbstractResolver):
    """What is connected to is what was looked at: a name that leads to a private address, perhaps among others, leads nowhere."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner if inner is not None else ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OSError."""
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise OSError(f"{host} is not a public address")
        return found

    async def close(self) -> None:
        await self._inner.close()


def is_public(address: str) -> bool:
    """False for what is no address at all, and for addresses that hold another one inside.

    Of IPv6 only what has been given out for use in the Internet (IANA's "IPv6 Global Unicast"): beyond it are site-local addresses
    and several ways of writing an IPv4 address, which Python's own list takes for global.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or ip.teredo
        if inner or ip not in _UNICAST or ip in _DOCUMENTATION:
            return False
    return ip.is_global and not ip.is_multicast


_UNICAST = ipaddress.IPv6Network("2000::/3")
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")
"""RFC 9637, newer than some Pythons."""


def _is_private_literal(host: str) -> bool:
    """A resolver is not asked about those."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return not is_public(host)


def _unreadable() -> OAuthError:
    return OAuthError("invalid_client", "the document that client_id names cannot be read")
