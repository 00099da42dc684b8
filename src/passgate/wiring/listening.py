"""An endpoint begins to listen, and what is said where it cannot."""

from typing import Protocol

from passgate.wiring.ports import Place


class Listening(Protocol):
    """An endpoint, whatever it speaks."""

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> None:
        """Raises OSError if the address cannot be had."""

    async def close(self) -> None:
        """Stop listening, end every session, wait until all of them are recorded."""


async def listen(endpoint: Listening, place: Place, *, shared: bool) -> None:
    """Raises ConfigError: another program has the port, the address is none of this machine's, or the port takes more rights."""
    try:
        await endpoint.start(place.address, place.port, reuse_port=shared)
    except OSError as error:
        raise place.failed(error) from error
