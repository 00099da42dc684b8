"""What requests and answers of the control API are made of. Strict and closed: a misspelt field is an error."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from passgate.endpoints.control.problem import Code, Fault, ProblemError

MOST = 200
"""Items of a page."""

_Item = TypeVar("_Item")


def _number(value: object) -> object:
    """Of a query: digits and nothing else."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdecimal() and len(value) <= 9):
            raise ValueError("a whole number is wanted")
        return int(value)
    return value


def _flag(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("true or false is wanted")
        return value == "true"
    return value


def _time(value: object) -> object:
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("a time is wanted as in 2026-11-22T20:00:00Z") from None
        if time.tzinfo is None or "T" not in value:
            raise ValueError("a time is wanted with its zone, as in 2026-11-22T20:00:00Z")
        return time
    return value


Number = Annotated[int, BeforeValidator(_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Time = Annotated[AwareDatetime, BeforeValidator(_time)]
Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9._:@+-]+$")]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Said = Annotated[str, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    """A JSON object that is sent."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class NoBody(Body):
    """Nothing is sent."""


class Query(BaseModel):
    """The part of the address after ``?``; each name at most once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class NoQuery(Query):
    """Nothing stands there."""


class Page(Query):
    """``cursor``: ``next_cursor`` of the page before."""

    limit: Annotated[Number, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class Answer(BaseModel):
    """A JSON object that comes back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def kept(self) -> Self:
        """What may be stored, and given again to whoever repeats the call with the same idempotency key: no secret."""
        return self


class Listed(Answer):
    """``next_cursor`` None: this was the last page."""

    next_cursor: str | None


def write_cursor(route: str, place: str) -> str:
    return base64.urlsafe_b64encode(f"{route}\n{place}".encode()).decode().rstrip("=")


def read_cursor(route: str, cursor: str) -> str:
    """Where that page ended. Raises ProblemError for what is no cursor of this route."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    name, _, place = text.partition("\n")
    if name != route or not place:
        raise ProblemError(
            Code.MALFORMED,
            "The cursor is not one of this list: start without one.",
            faults=[Fault(where="query.cursor", what="must be the next_cursor of an earlier page")],
        )
    return place


def page(
    items: Sequence[_Item], asked: Page, *, route: str, key: Callable[[_Item], str], newest_first: bool = True
) -> tuple[list[_Item], str | None]:
    """One page of ``items`` in the order of their keys, which are unique; what came or went in between shifts nothing."""
    ordered = sorted(items, key=key, reverse=newest_first)
    if asked.cursor is not None:
        last = read_cursor(route, asked.cursor)
        ordered = [item for item in ordered if (key(item) < last if newest_first else key(item) > last)]
    shown = ordered[: asked.limit]
    more = len(ordered) > len(shown)
    return shown, write_cursor(route, key(shown[-1])) if more else None
