"""The command line's end of the admin sockets: one question to every gate of a state folder."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from passgate.api.access_messages import AccessMessage
from passgate.api.messages import (
    MAX_ANSWER_BYTES,
    ApprovalsListed,
    CastVote,
    CatalogsRefreshed,
    Failed,
    GateStatus,
    GetStatus,
    KillSession,
    ListApprovals,
    ListSessions,
    LocksChanged,
    PassesRevoked,
    PolicyReloaded,
    RefreshCatalog,
    ReloadPolicy,
    Request,
    SessionKilled,
    SessionsEnded,
    SessionsListed,
    VoteCounted,
    decode_answer,
    encode,
)
from passgate.core.errors import ApprovalError, RemoteProtocolError

TIMEOUT_SECONDS = 10.0

_A_co = TypeVar("_A_co", covariant=True)
_E = TypeVar("_E")


@dataclass(frozen=True, slots=True, kw_only=True)
class FromGate(Generic[_A_co]):
    """``gate`` is the socket's name without its ending: ``node-worker``."""

    gate: str
    answer: _A_co


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Generic[_A_co]):
    """``failed``: gates that understood but could not do it. ``notes``: sockets that nobody answered at, each in a sentence.
    ``complete``: no gate that may be running has kept its answer to itself.
    """

    answers: tuple[FromGate[_A_co], ...]
    failed: tuple[FromGate[str], ...]
    notes: tuple[str, ...]
    complete: bool


class AdminClient:
    """Asks every gate that runs on ``folder`` (the state folder's ``run``). Blocking, for short-lived programs."""

    def __init__(self, folder: Path, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._folder = folder
        self._timeout_seconds = timeout_seconds

    def sessions(self) -> Survey[SessionsListed]:
        return self._survey(ListSessions(), SessionsListed)

    def kill(self, session: str) -> Survey[SessionKilled]:
        return self._survey(KillSession(session=session), SessionKilled)

    def revoked(self, passes: tuple[str, ...]) -> Survey[SessionsEnded]:
        return self._survey(PassesRevoked(passes=passes), SessionsEnded)

    def locks_changed(self) -> Survey[SessionsEnded]:
        return self._survey(LocksChanged(), SessionsEnded)

    def reload_policy(self) -> Survey[PolicyReloaded]:
        return self._survey(ReloadPolicy(), PolicyReloaded)

    def status(self) -> Survey[GateStatus]:
        return self._survey(GetStatus(), GateStatus)

    def refresh_catalog(self, resource: str | None) -> Survey[CatalogsRefreshed]:
        return self._survey(RefreshCatalog(resource=resource), CatalogsRefreshed)

    def approvals(self) -> Survey[ApprovalsListed]:
        return self._survey(ListApprovals(), ApprovalsListed)

    def vote(self, request: str, *, approves: bool, note: str) -> Survey[VoteCounted]:
        """One gate is enough: they all have the same requests."""
        vote = CastVote(request=request, approves=approves, note=note)
        return self._survey(vote, VoteCounted, enough=lambda answer: answer.request is not None)

    def access(self, request: AccessMessage, expected: type[_E]) -> _E:
        """From the first gate that answers: all of them share the store, and what is asked twice might be done twice.

        Raises ApprovalError with what the gate says against it, or where none answers.
        """
        said = "no gate answered: a gate must run for it"
        for path in sorted(self._folder.glob("*.sock")):
            try:
                answer = decode_answer(self._ask(path, encode(request)))
            except (ConnectionRefusedError, FileNotFoundError):
                continue  # left behind by a gate that no longer runs
            except (OSError, RemoteProtocolError) as error:
                raise ApprovalError(
                    f"{path.name}: no answer ({error}); whether it was done, `requests list` tells"
                ) from error
            if isinstance(answer, expected):
                return answer
            said = answer.error if isinstance(answer, Failed) else f"{path.name}: the answer fits another question"
            break
        raise ApprovalError(said)

    def _survey(
        self, request: Request, expected: type[_E], *, enough: Callable[[_E], bool] = lambda _answer: False
    ) -> Survey[_E]:
        """``enough``: after which answer nobody else is asked."""
        answers: list[FromGate[_E]] = []
        failed: list[FromGate[str]] = []
        notes: list[str] = []
        complete = True
        for path in sorted(self._folder.glob("*.sock")):
            try:
                answer = decode_answer(self._ask(path, encode(request)))
            except (ConnectionRefusedError, FileNotFoundError):
                notes.append(f"{path.name}: left behind by a gate that no longer runs")
                continue
            except (OSError, RemoteProtocolError) as error:
                notes.append(f"{path.name}: no answer ({error})")
                complete = False
                continue
            if isinstance(answer, expected):
                answers.append(FromGate(gate=path.stem, answer=answer))
                if enough(answer):
                    break
            elif isinstance(answer, Failed):
                failed.append(FromGate(gate=path.stem, answer=answer.error))
                complete = False
            else:
                complete = False
                notes.append(f"{path.name}: the answer fits another question")
        return Survey(answers=tuple(answers), failed=tuple(failed), notes=tuple(notes), complete=complete)

    def _ask(self, path: Path, line: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self._timeout_seconds)
            connection.connect(str(path))
            connection.sendall(line)
            with connection.makefile("rb") as stream:
                answer = stream.readline(MAX_ANSWER_BYTES)
        if not answer.endswith(b"\n"):
            raise RemoteProtocolError("the connection was closed before the answer was whole")
        return answer
