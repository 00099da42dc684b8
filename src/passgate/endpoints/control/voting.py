"""A vote, the same on whatever is voted on."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from passgate.core.errors import ApprovalError
from passgate.endpoints.control.problem import Code, ProblemError
from passgate.endpoints.control.schema import Answer, Body


class VoteSent(Body):
    """``note``: the voter's own words, for the one who asked and for the record."""

    vote: Literal["approve", "deny"]
    note: Annotated[str, Field(max_length=500)] = ""

    @property
    def approves(self) -> bool:
        return self.vote == "approve"


class VoteShown(Answer):
    subject: str
    vote: Literal["approve", "deny"]
    note: str
    at: datetime


class VoteCounted(Answer):
    """What became of the request; no text of it, so that the answer may be kept."""

    id: str
    state: str
    votes: list[VoteShown]


def shown(*, subject: str, approves: bool, note: str, at: datetime) -> VoteShown:
    return VoteShown(subject=subject, vote="approve" if approves else "deny", note=note, at=at)


def not_counted(error: ApprovalError) -> ProblemError:
    return ProblemError(Code.CONFLICT, f"{error}.")
