"""Who is at the other end of a Unix socket, as the kernel says (unix(7), SO_PEERCRED)."""

import pwd
import socket
import struct
from dataclasses import dataclass
from typing import Protocol

_UCRED = struct.Struct("3i")  # pid, uid, gid


class _HasOptions(Protocol):
    """A socket, or what an event loop hands out in its place."""

    def getsockopt(self, level: int, option: int, buffer_size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """As of the moment the peer connected."""

    pid: int
    uid: int

    @property
    def name(self) -> str:
        return unix_name(self.uid)


def unix_name(uid: int) -> str:
    """A user of this machine as an actor: ``unix:root``, or the number where the user has no name."""
    try:
        return f"unix:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"unix:{uid}"


def peer_of(connection: _HasOptions) -> Peer:
    """Raises OSError."""
    pid, uid, _gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return Peer(pid=pid, uid=uid)
