"""The kinds of values that settings hold. Each refuses what it is not with a sentence that says what it wants."""

import ipaddress
import re
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from passgate.config.quantities import parse_duration, parse_size

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?", re.ASCII)
Filled = TypeVar("Filled", bound=Collection[Any])

_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", re.ASCII)


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("a duration needs a unit, as in 30s")  # noqa: TRY004 - pydantic reports ValueError
    return parse_duration(value) if isinstance(value, str) else value


def _size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("a size needs a unit, as in 64MiB")  # noqa: TRY004 - pydantic reports ValueError
    return parse_size(value) if isinstance(value, str) else value


def _from_file(value: object, info: ValidationInfo) -> object:
    """Relative paths start at the folder of the file they are written in."""
    if not isinstance(value, str):
        return value
    if not value or "\0" in value:
        raise ValueError("must be a path")
    base = (info.context or {}).get("base", Path())
    return Path(base, Path(value).expanduser())


def _is_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def not_empty(value: Filled) -> Filled:
    # Not Field(min_length=1): that also fires when there were entries, but none of them was right.
    if not value:
        raise ValueError("must not be empty")
    return value


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise ValueError("a name is 1 to 63 of a-z, 0-9, '.', '_' and '-', and starts and ends with a letter or digit")
    return value


def _address(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("must be an IP address, as in 127.0.0.1, 0.0.0.0 or ::1") from None


def _host(value: str) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        if _HOST.fullmatch(value) is None:
            raise ValueError("must be a host name or an IP address") from None
        return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Size = Annotated[int, BeforeValidator(_size)]
AnyPath = Annotated[Path, BeforeValidator(_from_file)]
FilePath = Annotated[Path, BeforeValidator(_from_file), AfterValidator(_is_file)]
Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1, max_length=1000)]
Port = Annotated[int, Field(ge=1, le=65535)]
Count = Annotated[int, Field(ge=1, le=10**12)]
Address = Annotated[str, AfterValidator(_address)]
Host = Annotated[str, AfterValidator(_host)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
