"""Whose an address is, as far as counting goes."""

import ipaddress
from functools import lru_cache

_HOST_BITS = 64
"""Of IPv6: the least that a network is given (RFC 6177), and so what one machine may choose of freely (RFC 8981)."""


@lru_cache(maxsize=4096)
def place_of(address: str) -> str:
    """The address itself, or the network that one customer has of IPv6: whoever guesses takes another address for each guess
    otherwise. What is no address is its own place."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(ip) >> _HOST_BITS << _HOST_BITS)}/{_HOST_BITS}"
