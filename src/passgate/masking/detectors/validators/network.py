"""Addresses of machines and mailboxes."""

import ipaddress
import re
from typing import Final

_NOT_TOP_LEVEL = frozenset(
    b"png jpg jpeg gif svg webp ico css js ts jsx tsx map json xml yaml yml md txt csv log py rb go rs java class jar".split()
    + b"service socket timer mount automount slice scope swap".split()  # getty@tty1.service is a unit of systemd
)


_DOMAIN: Final = re.compile(rb"(?:[^.\-](?:[^.]{0,61}[^.\-])?\.)+([^.\-](?:[^.]{0,61}[^.\-])?)")
_LOCAL: Final = re.compile(rb"[^.]+(?:\.[^.]+)*")


def email(data: bytes) -> bool:
    """RFC 5321 sizes, no empty label, a top level that is not a file's ending. Internal top levels count."""
    local, _, domain = data.rpartition(b"@")
    named = _DOMAIN.fullmatch(domain)
    if named is None or len(local) > 64 or _LOCAL.fullmatch(local) is None:
        return False
    return named[1].lower() not in _NOT_TOP_LEVEL and local.lower() != b"git"  # git@host:path names a repository


def ipv4(data: bytes) -> bool:
    """Four octets without leading zeros; not a mask, the unspecified, loopback or broadcast address, nor ``1.2.3.4``."""
    octets = data.split(b".")
    if any(len(octet) > 1 and octet[:1] == b"0" for octet in octets) or any(int(octet) > 255 for octet in octets):
        return False
    if octets[0] in (b"0", b"127", b"255") or octets == [b"1", b"2", b"3", b"4"]:
        return False
    if octets[1:] == [b"0", b"0", b"0"]:  # a network, or the version that a browser says it has
        return False
    if octets[:2] == [b"2", b"5"] and octets[2] in (b"4", b"29"):  # attributes and extensions of X.500
        return False
    # 2.5.29.9 is a section or an object identifier; the addresses that look like it are all below 10.0.0.0/8
    return octets[0] == b"10" or any(int(octet) >= 30 for octet in octets)


def ipv6(data: bytes) -> bool:
    """RFC 4291 text that names a machine: not the unspecified or loopback address, nor two words of code around ``::``."""
    try:
        address = ipaddress.IPv6Address(data.decode("ascii"))
    except ValueError:
        return False
    return (
        not address.is_unspecified
        and not address.is_loopback
        and (
            (data.count(b":") > 2 and (data.count(b":") > 4 or any(0x30 <= byte <= 0x39 for byte in data)))
            or (len(data.split(b":")[0]) > 2 and any(0x30 <= byte <= 0x39 for byte in data))
        )
    )


def mac(data: bytes) -> bool:
    """EUI-48; not broadcast, not all zero."""
    return len(set(data.lower())) > 3


def coordinates(data: bytes) -> bool:
    """Latitude and longitude within range, with at least three places of a degree (about a hundred metres)."""
    parts = data.replace(b",", b" ").split()
    if len(parts) != 2:
        return False
    latitude, longitude = (float(part) for part in parts)
    return abs(latitude) <= 90 and abs(longitude) <= 180 and (latitude, longitude) != (0.0, 0.0)
