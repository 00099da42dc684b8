"""Errors of the control API: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from enum import Enum

from pydantic import BaseModel, ConfigDict, ValidationError

MEDIA_TYPE = "application/problem+json"


class Code(Enum):
    """``(status, title)``; the name, in small letters, is the last part of the problem's ``type``."""

    MALFORMED = (400, "The request is malformed")
    UNAUTHENTICATED = (401, "A valid access token is required")
    FORBIDDEN = (403, "This is not allowed")
    NOT_FOUND = (404, "There is no such thing")
    METHOD_NOT_ALLOWED = (405, "This path does not take that method")
    CONFLICT = (409, "It does not fit what is there")
    TOO_LARGE = (413, "The body is too large")
    MEDIA_TYPE = (415, "The body must be JSON")
    NOT_ACCEPTED = (422, "It cannot be done as asked")
    TOO_MANY = (429, "Too many calls")
    UNAVAILABLE = (503, "The gate cannot do this now")

    @property
    def status(self) -> int:
        return int(self.value[0])

    @property
    def title(self) -> str:
        return str(self.value[1])


class Fault(BaseModel):
    """``where``: ``body``, ``query`` or ``path``, and the steps into it, parted by dots."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: str
    what: str


class Problem(BaseModel):
    """RFC 9457. ``type`` is a name, not an address; ``detail`` says what to do about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class ProblemError(Exception):
    """Ends a call with a problem. ``headers``: what that status wants besides."""

    def __init__(
        self, code: Code, detail: str, *, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def problem(self) -> Problem:
        return Problem(
            type=f"urn:passgate:problem:{self.code.name.lower().replace('_', '-')}",
            title=self.code.title,
            status=self.code.status,
            detail=str(self),
            errors=list(self.faults),
        )


def faults(part: str, error: ValidationError) -> list[Fault]:
    """What is wrong, and where; nothing of what was sent is repeated."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [Fault(where=".".join([part, *(str(step) for step in one["loc"])]), what=one["msg"]) for one in found[:20]]


def not_found(what: str) -> ProblemError:
    """Also where there is one that is not the caller's to know of."""
    return ProblemError(Code.NOT_FOUND, f"There is no {what} of that name that you may see.")
