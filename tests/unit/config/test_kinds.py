"""Kinds of values, each by itself."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from passgate.config import kinds

STRICT = ConfigDict(strict=True)


def read(kind: Any, value: object) -> object:
    return TypeAdapter(kind, config=STRICT).validate_python(value, context={"base": Path("/etc/gate")})


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (kinds.Duration, "90s", timedelta(seconds=90)),
        (kinds.Duration, timedelta(seconds=1), timedelta(seconds=1)),
        (kinds.Size, "1KiB", 1024),
        (kinds.AnyPath, "a/b", Path("/etc/gate/a/b")),
        (kinds.AnyPath, "/a", Path("/a")),
        (kinds.FilePath, "/etc/passwd", Path("/etc/passwd")),
        (kinds.Name, "orders-prod.1", "orders-prod.1"),
        (kinds.Address, "0:0:0:0:0:0:0:1", "::1"),
        (kinds.Host, "db.internal", "db.internal"),
        (kinds.Host, "10.0.0.7", "10.0.0.7"),
        (kinds.Port, 65535, 65535),
        (kinds.Count, 1, 1),
        (kinds.Variable, "SHOP_PASSWORD", "SHOP_PASSWORD"),
    ],
)
def test_what_it_takes(kind: object, value: object, expected: object) -> None:
    assert read(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        (kinds.Duration, 90, "needs a unit"),
        (kinds.Duration, 1.5, "needs a unit"),
        (kinds.Duration, True, "valid timedelta"),
        (kinds.Size, 1024, "needs a unit"),
        (kinds.Size, True, "valid integer"),
        (kinds.AnyPath, "", "must be a path"),
        (kinds.AnyPath, "a\0b", "must be a path"),
        (kinds.AnyPath, 5, "instance of Path"),
        (kinds.FilePath, "/etc", "there is no file /etc"),
        (kinds.Name, "Shop", "a name is 1 to 63"),
        (kinds.Name, "a" * 64, "a name is 1 to 63"),
        (kinds.Name, "-a", "a name is 1 to 63"),
        (kinds.Address, "localhost", "must be an IP address"),
        (kinds.Host, "a b", "must be a host name"),
        (kinds.Port, 0, "greater than or equal to 1"),
        (kinds.Port, "1", "valid integer"),
        (kinds.Text, "", "at least 1 character"),
        (kinds.Count, 0, "greater than or equal to 1"),
        (kinds.Variable, "A-B", "match pattern"),
    ],
)
def test_what_it_refuses(kind: object, value: object, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        read(kind, value)


def test_without_a_file_paths_start_where_the_program_does() -> None:
    assert TypeAdapter(kinds.AnyPath).validate_python("a") == Path("a")


def test_something_must_be_there() -> None:
    assert kinds.not_empty((1,)) == (1,)
    with pytest.raises(ValueError, match="must not be empty"):
        kinds.not_empty(())
