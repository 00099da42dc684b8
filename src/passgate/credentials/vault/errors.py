"""What a Vault refuses with, told apart, each with what to do about it (Vault's HTTP API, "HTTP Status Codes").

Nothing that the server said goes into a message: an answer may repeat what it was asked with.
"""

from passgate.core.errors import SecretUnavailableError


class VaultUnreachableError(SecretUnavailableError):
    """The Vault cannot be reached."""

    def __init__(self, message: str | None = None, *, heard: bool = True) -> None:
        """``heard``: False where it is certain that the request never reached it."""
        super().__init__(message)
        self.heard = heard


class VaultRefusedError(SecretUnavailableError):
    """The Vault refused."""

    def __init__(self, message: str, *, status: int, sealed: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.sealed = sealed


_REMEDIES = {
    400: "it does not take the request: check mount, path and role",
    403: "it forbids this: see that the gate's own log-in is good and that its policy allows it",
    404: "there is nothing there: check mount, path and the version of the KV engine, and that it is not deleted",
    405: "the engine there is of another kind: check mount, path and the version of the KV engine",
    412: "it has not heard of its own latest changes yet: try again",
    429: "it takes no more requests for now: try again later, or raise its rate limit for the gate",
}


def refusal(name: str, asked: str, status: int, said: bytes) -> VaultRefusedError:
    """``asked``: method and path. ``said``: the body of the answer, looked at for one word only."""
    sealed = status == 503 and b"sealed" in said.lower()
    if sealed:
        why = "it is sealed: unseal it"
    elif 300 <= status < 400:
        why = "it sends elsewhere, which is not followed: let `address` name the active node or what balances them"
    elif status in _REMEDIES:
        why = _REMEDIES[status]
    elif status == 503:
        why = "it is starting or being maintained: try again later"
    else:
        why = "it failed: its own log says why"
    return VaultRefusedError(f"vault {name}, {asked}: {why} ({status})", status=status, sealed=sealed)
