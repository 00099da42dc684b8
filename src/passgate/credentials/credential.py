"""What every source of an upstream secret promises."""

from typing import Protocol

from passgate.core.errors import SecretUnavailableError

MAX_BYTES = 4096
"""The longest password PostgreSQL's own tools take is shorter; more than this is the wrong file."""


class Credential(Protocol):
    async def obtain(self) -> str:
        """The secret of this moment. Raises SecretUnavailableError, which says where it was looked for and never what was found."""


def checked(secret: str, where: str) -> str:
    """A secret that can be used as a password. Raises SecretUnavailableError."""
    if not secret.strip():  # blanks alone are no secret, and what trims them would sign with an empty key
        raise SecretUnavailableError(f"{where} holds no secret")
    if len(secret) > MAX_BYTES:
        raise SecretUnavailableError(f"{where} is longer than {MAX_BYTES} characters")
    if "\0" in secret:
        raise SecretUnavailableError(f"{where} holds a zero byte")
    try:
        secret.encode()
    except (
        UnicodeEncodeError
    ):  # a variable's bytes, or a half of a pair in JSON; whoever sends it on would fall over it
        raise SecretUnavailableError(f"{where} is not Unicode text") from None
    return secret
