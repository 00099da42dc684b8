"""``/approvals``: actions that wait for people: list, show, vote."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import Field

from passgate.core.errors import ApprovalError
from passgate.endpoints.control import voting
from passgate.endpoints.control.problem import not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import Answer, Listed, NoBody, NoQuery, Page, page
from passgate.endpoints.control.voting import VoteCounted, VoteSent, VoteShown
from passgate.pipeline.approval_desk import ApprovalDesk, ApprovalRequest, ApprovalState, Voter
from passgate.pipeline.control import Role

_READERS = frozenset({Role.APPROVER, Role.AUDITOR, Role.OPERATOR})


class ApprovalListed(Answer):
    """``shown``: what would run, masked. ``chain``: who asks, for whom. ``count`` people of ``group`` must agree."""

    id: str
    state: ApprovalState
    session: str
    pass_id: str
    chain: list[str]
    purpose: str
    ticket: str | None
    resource: str
    verb: str
    atoms: list[str]
    shown: str
    rule: str
    reason: str
    group: str
    count: int
    asked: datetime
    expires: datetime
    votes: list[VoteShown]


class ApprovalList(Listed):
    items: list[ApprovalListed]


class PreviewShown(Answer):
    """What a write would do, as a run that was rolled back has shown. ``rows`` null: nobody knows, and ``why`` says why not."""

    rows: int | None
    why: str
    columns: list[str]
    samples: list[list[str | None]]
    notes: list[str]


class ApprovalShown(ApprovalListed):
    """``text`` and ``inputs``: exactly what will run, for approvers only; null for others. ``cap``: rows it may change at most."""

    binding_sha256: str
    policy: str
    text: str | None = Field(repr=False)
    inputs: dict[str, str | None] | None = Field(repr=False)
    cut: int
    cap: int | None
    preview: PreviewShown


class Approvals:
    def __init__(self, desk: ApprovalDesk) -> None:
        self._desk = desk

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/approvals", name="listApprovals", about="Held actions, newest first.",
            roles=_READERS, query=Page, body=NoBody, answer=ApprovalList, handler=self._list,
        )  # fmt: skip
        yield Route(
            method="GET", path="/approvals/{request_id}", name="getApproval",
            about="One held action; approvers see exactly what will run.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=ApprovalShown, handler=self._show, effect=Effect.VIEWS,
        )  # fmt: skip
        yield Route(
            method="POST", path="/approvals/{request_id}/vote", name="voteOnApproval", about="Approve or deny, once.",
            roles=frozenset({Role.APPROVER}), query=NoQuery, body=VoteSent, answer=VoteCounted, handler=self._vote,
            effect=Effect.CHANGES,
        )  # fmt: skip

    async def _list(self, call: Call[Page, NoBody]) -> ApprovalList:
        items, rest = page(self._desk.list(), call.query, route="listApprovals", key=lambda one: one.id)
        return ApprovalList(items=[ApprovalListed(**_listed(one)) for one in items], next_cursor=rest)

    async def _show(self, call: Call[NoQuery, NoBody]) -> ApprovalShown:
        found = self._desk.show(call.path["request_id"])
        if found is None:
            raise not_found("request")
        if call.caller.may_be(found.principal):
            found = found.as_whoever_asks_sees_it()
        decides = Role.APPROVER in call.caller.roles
        preview = found.preview
        return ApprovalShown(
            **_listed(found),
            binding_sha256=found.binding_sha256,
            policy=found.policy,
            text=found.text if decides else None,
            inputs=dict(found.inputs) if decides else None,
            cut=found.cut,
            cap=found.cap,
            preview=PreviewShown(
                rows=preview.rows,
                why=preview.why,
                columns=list(preview.columns),
                samples=[list(row) for row in preview.samples],
                notes=list(preview.notes),
            ),
        )

    async def _vote(self, call: Call[NoQuery, VoteSent]) -> VoteCounted:
        request = call.path["request_id"]
        if self._desk.show(request) is None:
            raise not_found("request")
        principal = call.caller.principal
        try:
            counted = await self._desk.vote(
                request,
                Voter(subject=principal.subject, groups=principal.groups),
                approves=call.body.approves,
                note=call.body.note,
            )
        except ApprovalError as error:
            raise voting.not_counted(error) from None
        return VoteCounted(id=counted.id, state=counted.state.value, votes=_votes(counted))


def _listed(one: ApprovalRequest) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "session": one.session,
        "pass_id": one.pass_id,
        "chain": list(one.chain),
        "purpose": one.purpose,
        "ticket": one.ticket,
        "resource": one.resource,
        "verb": one.verb,
        "atoms": list(one.atoms),
        "shown": one.shown,
        "rule": one.rule,
        "reason": one.reason,
        "group": one.group,
        "count": one.count,
        "asked": one.asked,
        "expires": one.expires,
        "votes": _votes(one),
    }


def _votes(one: ApprovalRequest) -> list[VoteShown]:
    return [voting.shown(subject=v.subject, approves=v.approves, note=v.note, at=v.at) for v in one.votes]
