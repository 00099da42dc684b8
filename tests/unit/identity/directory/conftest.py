"""A directory with a real store behind it, passes to lose, and a ledger that remembers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.core.action import VerbClass
from passgate.core.authorization import Authorization
from passgate.core.directory import Entry, Group, User
from passgate.core.passes import PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.directory.shelves import Consequences, Groups, Users
from passgate.identity.directory.standing import Rules, Standing
from passgate.identity.ending import Ending
from passgate.identity.grants import Grant
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.directory_store import GroupStore, PeopleStore, UserStore
from passgate.store.pass_store import PassStore
from passgate.store.recheck_store import RecheckStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.pipeline.steps import MemoryRecorder

ISSUER = "https://idp.example.com"
READ = frozenset({VerbClass.READ})
RULES = IssuingRules(resources=frozenset({"shop", "vault"}), default_ttl=timedelta(hours=1), max_ttl=timedelta(hours=8))
GRANTS = [
    Grant(
        provider="company",
        resources=frozenset({"shop"}),
        verbs=READ,
        max_ttl=timedelta(hours=1),
        groups=frozenset({"eng"}),
    )
]


def human(subject: str = "ada@example.com", *, iss: str | None = ISSUER, **claims: str) -> Principal:
    known = {} if iss is None else {"iss": iss, "sub": subject}
    return Principal(kind=PrincipalKind.HUMAN, subject=subject, groups=frozenset({"eng"}), claims={**known, **claims})


def agent(who: Principal, name: str = "reporter") -> Principal:
    return Principal(kind=PrincipalKind.AGENT, subject=name, on_behalf_of=who)


@dataclass
class World:
    database: SqliteDatabase
    required: bool = False
    groups_count: bool = True
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    looks: list[datetime] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)

    def signed_in(self, who: Principal) -> str:
        """At the gate itself: tokens for the control API hang on it."""
        now = datetime.now(UTC)
        number = f"a{len(self.signed)}"
        self.sign_ins.add(
            Authorization(
                id=number,
                client_id="passgate",
                provider="company",
                principal=who,
                issued=now,
                expires=now + timedelta(hours=12),
                consented=now,
            )
        )
        self.signed.append(number)
        return number

    def is_signed_in(self, number: str) -> bool:
        found = self.sign_ins.find(number)
        return found is not None and found.revoked is None

    def __post_init__(self) -> None:
        self.registry = PassRegistry(PassStore(self.database))
        self.rechecks = RecheckStore(self.database)
        self.people = PeopleStore(self.database, subject="user_name")
        rules = Rules(provider="company", issuer=ISSUER, required=self.required, groups=self.groups_count)
        self.standing = Standing(rules=rules, people=self.people, origins=self.rechecks, grants=GRANTS)
        self.sign_ins = AuthorizationStore(self.database)
        self.ending = Ending(
            sign_ins=self.sign_ins,
            passes=self.registry,
            recorder=self.recorder,
            look=lambda: self.looks.append(datetime.now(UTC)),
        )
        self.consequences = Consequences(
            standing=self.standing, ending=self.ending, recorder=self.recorder, actor="scim:company"
        )
        self.users = Users(entries=UserStore(self.database), subjects=self.people, consequences=self.consequences)
        self.groups = Groups(entries=GroupStore(self.database), subjects=self.people, consequences=self.consequences)

    def issue(self, principal: Principal, *, resource: str = "shop", provider: str | None = "company") -> str:
        """As if a token of the provider had bought it, or an operator had issued it (None)."""
        asked = PassRequest(principal=principal, resources=frozenset({resource}), verbs=READ, purpose="why")
        pass_ = self.registry.issue(asked, rules=RULES, actor="test").pass_
        if provider is not None:
            self.rechecks.bought(pass_.id, provider=provider, recheck=None)
        return pass_.id

    def live(self, pass_id: str) -> bool:
        pass_ = self.registry.find(pass_id)
        assert pass_ is not None
        return pass_.state(datetime.now(UTC)) is PassState.LIVE

    def reasons(self) -> list[str]:
        return [str(event.detail["reason"]) for event in self.recorder.events if event.type.value == "access.ended"]

    async def employ(self, name: str = "Ada@Example.com", *groups: str) -> Entry[User]:
        entry = await self.users.add(User(user_name=name))
        for group in groups:
            await self.groups.add(Group(display_name=group, members=frozenset({entry.id})))
        return entry


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = SqliteDatabase(tmp_path / "state.db")
    yield database
    database.close()


@pytest.fixture
def world(database: SqliteDatabase) -> World:
    return World(database)
