"""What the commands share by which people decide on what others ask for: options, the gate to ask, how a decision stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import settings_from
from passgate.cli.output import Json, when

if TYPE_CHECKING:
    from passgate.api.access_messages import AccessInfo
    from passgate.api.client import AdminClient
    from passgate.api.messages import ApprovalInfo

NoteOption = Annotated[str, typer.Option("--note", help="Why; it stands in the ledger and the one who asked reads it.")]
SocketsOption = Annotated[
    Path | None,
    typer.Option(
        "--sockets",
        envvar="PASSGATE_APPROVALS",
        help="The folder of the people's sockets; with it no configuration is read.",
    ),
]


def client_at(sockets: Path | None, config: Path, state: Path | None) -> "AdminClient":
    """Raises ConfigError."""
    from passgate.api.client import AdminClient

    return AdminClient(sockets if sockets is not None else settings_from(config, state).state_folder.run)


def standing(asked: "AccessInfo | ApprovalInfo") -> str:
    """``1 of 2`` while it waits, then how it was decided."""
    if asked.state != "pending":
        return asked.state
    return f"{sum(vote.approves for vote in asked.votes)} of {asked.count}"


def voted(asked: "AccessInfo | ApprovalInfo") -> Iterator[tuple[str, str]]:
    """A line a vote: the word, and whose it is."""
    for vote in asked.votes:
        word = "approved" if vote.approves else "refused"
        yield word, f"{vote.subject} at {when(vote.at)}" + (f": {vote.note}" if vote.note else "")


def as_json_of(asked: "AccessInfo | ApprovalInfo") -> dict[str, Json]:
    body: dict[str, Json] = asked.model_dump(mode="json")
    return body
