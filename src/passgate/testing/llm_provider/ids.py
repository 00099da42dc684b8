"""Ids in the providers' own forms, new ones every time."""

import secrets
import string

_BASE62 = string.ascii_letters + string.digits


def base62(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(_BASE62) for _ in range(length))


def hexadecimal(prefix: str, length: int) -> str:
    return prefix + secrets.token_hex(length // 2)
