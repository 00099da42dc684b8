"""A pass's public name: short, sortable by time of issue, usable as a database user name."""

import re
import secrets
from datetime import datetime

PREFIX = "pg_"

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to be misread
_TIME_CHARACTERS = 7  # whole seconds; 35 bits last for a thousand years
_RANDOM_CHARACTERS = 9  # 45 bits: two passes of one second never meet
_SHAPE = re.compile(rf"{PREFIX}[{_ALPHABET}]{{{_TIME_CHARACTERS + _RANDOM_CHARACTERS}}}", re.ASCII)


def new_pass_id(now: datetime) -> str:
    """``pg_`` and 16 characters: the time as in a ULID, then chance. Ids issued in later seconds sort later."""
    return PREFIX + _base32(int(now.timestamp()), _TIME_CHARACTERS) + _base32(secrets.randbits(45), _RANDOM_CHARACTERS)


def is_pass_id(text: str) -> bool:
    return _SHAPE.fullmatch(text) is not None


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
