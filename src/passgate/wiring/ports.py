"""Whether the addresses that a gate is to listen on can be had, asked before anything slow or lasting is begun."""

import errno
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from passgate.config.settings import Settings
from passgate.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``setting``: where in the configuration it stands. ``what``: who listens there."""

    setting: str
    what: str
    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.what} cannot listen on {self.address} port {self.port}"

    def failed(self, error: OSError) -> ConfigError:
        """What went wrong, and what somebody can do about it."""
        # What an event loop says is longer than what the system said, and says the address again.
        why = os.strerror(error.errno) if error.errno else str(error)
        return ConfigError(f"{self}: {why}. {self._remedy(error.errno)}")

    def _remedy(self, number: int | None) -> str:
        match number:
            case errno.EADDRINUSE:
                return (
                    f"Another program has it, perhaps a gate that runs already (`passgate status`; `ss -ltnp` names it): "
                    f"stop that one, or give {self.setting} another port"
                )
            case errno.EADDRNOTAVAIL:
                return f"It is no address of this machine: give {self.setting} one that is, or 0.0.0.0 for all"
            case errno.EACCES:
                return f"The port takes more rights than this user has: give {self.setting} one of 1024 or more"
        return f"See {self.setting}"


def listener_places(settings: Settings) -> Iterator[Place]:
    """One for each listener, in their order."""
    for number, one in enumerate(settings.listeners):
        yield Place(setting=f"listeners.{number}", what=one.kind, address=one.address, port=one.port)


def places(settings: Settings, *, workers: int = 1) -> Iterator[Place]:
    """Of listeners, and of the metrics of each worker."""
    yield from listener_places(settings)
    metrics = settings.telemetry.metrics
    if metrics is not None:
        for worker in range(workers):
            yield Place(
                setting="telemetry.metrics", what="metrics", address=metrics.address, port=metrics.port + worker
            )


def trouble(place: Place) -> OSError | None:
    """Why nobody could listen there just now, None if one could.

    Workers share a port among themselves, which the system allows to every process of the same user: two gates that both have
    several would share it without a word, and each would get some of the other's clients. Here nothing is shared, so it shows.
    """
    try:
        found = socket.getaddrinfo(place.address, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        return OSError(errno.EADDRNOTAVAIL, str(error))
    for family, type_, protocol, _, address in found:
        try:
            with socket.socket(family, type_, protocol) as probe:
                probe.setsockopt(
                    socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
                )  # as listeners do: what lingers is no obstacle
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
        except OSError as error:
            return error
    return None


def check_ports(settings: Settings, *, workers: int) -> None:
    """Raises ConfigError for the first that cannot be had."""
    for place in places(settings, workers=workers):
        error = trouble(place)
        if error is not None and error.errno != errno.EAFNOSUPPORT:
            raise place.failed(error) from error
