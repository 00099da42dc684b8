"""Who the users of this machine are to the desk."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.api.access_messages import (
    AccessGranted,
    AccessListed,
    AccessShown,
    AskAccess,
    ListAccess,
    TakeAccess,
    VoteAccess,
)
from passgate.config.loading import parse_settings
from passgate.core.action import VerbClass
from passgate.core.errors import AccessPendingError, ApprovalError, PassRequestError
from passgate.identity.registry import PassRegistry
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.access import AccessWiring
from tests.unit.pipeline.steps import MemoryRecorder

CONFIG = """\
state: ./state
listeners:
  - {kind: http, port: 8443}
resources:
  docs: {kind: llm, provider: compatible, upstream: {url: 'https://models.example.com'}}
identity:
  access_rules:
  - {name: on-call, resources: [docs], verbs: [read, write], groups: [on-call], ticket: 'INC-[0-9]+', approvers: {group: dba}}
approvals:
  people:
    ada@example.com: {os_user: ada, groups: [on-call]}
    grace@example.com: {os_user: grace, groups: [dba]}
"""
ASK = AskAccess(resources=("docs",), verbs=(VerbClass.READ,), seconds=600, reason="the docs are slow", ticket="INC-1")


@pytest.fixture
def wiring(tmp_path: Path) -> Iterator[AccessWiring]:
    database = SqliteDatabase(tmp_path / "state.db")
    settings = parse_settings(CONFIG, file="passgate.yaml", base=tmp_path)
    yield AccessWiring(
        settings, registry=PassRegistry(PassStore(database)), database=database, recorder=MemoryRecorder()
    )
    database.close()


async def test_one_user_asks_another_approves_and_the_first_takes_it(wiring: AccessWiring) -> None:
    shown = await wiring.answer(ASK, actor="unix:ada")
    assert isinstance(shown, AccessShown)
    request = shown.request
    assert (request.chain, request.source, request.rule, request.group) == (
        ("human:ada@example.com",),
        "unix",
        "on-call",
        "dba",
    )
    with pytest.raises(AccessPendingError):
        await wiring.answer(TakeAccess(request=request.id), actor="unix:ada")
    voted = await wiring.answer(VoteAccess(request=request.id, approves=True, note="ok"), actor="unix:grace")
    assert isinstance(voted, AccessShown)
    assert (voted.request.state, voted.request.votes[0].subject) == ("approved", "grace@example.com")
    with pytest.raises(PassRequestError, match="there is no request"):
        await wiring.answer(TakeAccess(request=request.id), actor="unix:grace")
    granted = await wiring.answer(TakeAccess(request=request.id), actor="unix:ada")
    assert isinstance(granted, AccessGranted)
    assert granted.resources == ("docs",)
    assert granted.secret.startswith("pgs_")
    assert granted.secret not in repr(granted)
    listed = await wiring.answer(ListAccess(), actor="unix:grace")
    assert isinstance(listed, AccessListed)
    assert [(one.id, one.state, one.pass_id) for one in listed.requests] == [(request.id, "issued", granted.pass_id)]


@pytest.mark.parametrize(
    "message", [ASK, VoteAccess(request="x", approves=True), TakeAccess(request="x"), ListAccess()]
)
async def test_a_stranger_is_nobody(wiring: AccessWiring, message: AskAccess) -> None:
    with pytest.raises(ApprovalError, match="unix:mallory is nobody whom this gate knows"):
        await wiring.answer(message, actor="unix:mallory")


async def test_the_operator_looks_and_does_not_vote(wiring: AccessWiring) -> None:
    me = f"unix:{pwd.getpwuid(os.geteuid()).pw_name}"
    for operator in ("unix:root", me):
        assert await wiring.answer(ListAccess(), actor=operator) == AccessListed(requests=())
        with pytest.raises(ApprovalError, match=r"approvals\.people"):
            await wiring.answer(VoteAccess(request="x", approves=True), actor=operator)


async def test_a_rule_is_what_the_configuration_says(wiring: AccessWiring) -> None:
    with pytest.raises(PassRequestError, match=r"wants a ticket that matches INC-\[0-9\]\+"):
        await wiring.answer(ASK.model_copy(update={"ticket": "OPS-1"}), actor="unix:ada")
    with pytest.raises(PassRequestError, match="gives 1h at most"):
        await wiring.answer(ASK.model_copy(update={"seconds": 3601}), actor="unix:ada")
