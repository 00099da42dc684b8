"""What slows down who guesses, as every endpoint sees it."""

from typing import Protocol


class Attempts(Protocol):
    """``peer`` is an address without port; ``name`` whom the secret is of, or the address again where nobody is named."""

    def allow(self, peer: str, name: str, /) -> bool:
        """Whether one more may be tried at all."""

    def failed(self, peer: str, name: str, /) -> None: ...


class LoginLimits(Attempts, Protocol):
    """Of log-ins with a pass. ``name`` is its id."""

    def succeeded(self, peer: str, name: str, /) -> None: ...
