"""Requests and votes as they are stored: one JSON document each, sealed."""

from dataclasses import replace

import orjson
from pydantic import TypeAdapter

from passgate.approvals.sealing import Sealer
from passgate.core.errors import StoreError
from passgate.core.principal_json import principal_from_json, principal_to_json
from passgate.pipeline.approval_desk import ApprovalRequest, Vote
from passgate.pipeline.approval_store import StoredRequest, StoredVote

_REQUESTS = TypeAdapter(ApprovalRequest)
_VOTES = TypeAdapter(Vote)


class Records:
    """Turns what people see into what is stored, and back. What cannot be read back exactly raises StoreError."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def stored(self, request: ApprovalRequest, question: str) -> StoredRequest:
        return StoredRequest(
            id=request.id,
            question=question,
            pass_id=request.pass_id,
            state=request.state,
            asked=request.asked,
            expires=request.expires,
            sealed=self._sealer.seal(_written(request), _place(request.id)),
        )

    def vote(self, request_id: str, vote: Vote, person: str) -> StoredVote:
        sealed = self._sealer.seal(_VOTES.dump_json(vote), _place(request_id, person))
        return StoredVote(person=person, approves=vote.approves, sealed=sealed)

    def read(self, stored: StoredRequest) -> ApprovalRequest:
        """Raises StoreError."""
        try:
            request = _read(self._sealer.open(stored.sealed, _place(stored.id)))
            votes = tuple(
                _VOTES.validate_json(self._sealer.open(vote.sealed, _place(stored.id, vote.person)))
                for vote in stored.votes
            )
        except (ValueError, KeyError) as error:
            raise StoreError(f"The stored request for approval {stored.id} cannot be read") from error
        return replace(request, state=stored.state, votes=votes)


def _written(request: ApprovalRequest) -> bytes:
    """A principal is written by hand: of a compiled class the types of its members are not known."""
    document = _REQUESTS.dump_python(request, mode="json", exclude={"principal"})
    return orjson.dumps({**document, "principal": principal_to_json(request.principal)})


def _read(data: bytes) -> ApprovalRequest:
    """Raises ValueError, KeyError, StoreError."""
    document = orjson.loads(data)
    return _REQUESTS.validate_python({**document, "principal": principal_from_json(document["principal"])})


def _place(request_id: str, person: str = "") -> str:
    return f"approval/{request_id}/{person}" if person else f"approval/{request_id}"
