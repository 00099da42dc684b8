"""An issuer with all that it needs: a real store on disk, a provider in memory, a clock that is set by hand."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from joserfc.jwk import ECKey
from sqlalchemy import select

from passgate.core.action import VerbClass
from passgate.core.authorization import Authorization
from passgate.core.principal import PrincipalKind
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Agent, Grant
from passgate.identity.issuer.access_tokens import AccessTokenIssuer
from passgate.identity.issuer.clients import Client, RegisteredClients
from passgate.identity.issuer.devices import Devices
from passgate.identity.issuer.issuer import Issuer
from passgate.identity.issuer.relying_party import Registration, RelyingParty
from passgate.identity.issuer.sign_ins import SignIns
from passgate.identity.issuer.signing_keys import SigningKeys
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.exchange import ExchangeRequest
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.device_store import DeviceStore
from passgate.store.issuer_tables import AUTHORIZATIONS
from passgate.store.one_time_store import OneTimeStore
from passgate.store.pass_store import PassStore
from passgate.store.signing_key_store import SigningKeyStore
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import Clock
from tests.unit.identity.oidc.issuer import Issuer as Idp
from tests.unit.pipeline.steps import MemoryRecorder

URL = "https://gate.example.com"
API = f"{URL}/api"
READ = frozenset({VerbClass.READ})


def new_idp() -> Idp:
    return Idp(keys=[ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"}, private=True)])


@dataclass
class House:
    database: SqliteDatabase
    idp: Idp = field(default_factory=new_idp)
    robots: Idp = field(default_factory=lambda: replace(new_idp(), issuer="https://robots.example.com"))
    clock: Clock = field(default_factory=Clock)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    session: timedelta = timedelta(hours=12)
    grants: list[Grant] = field(
        default_factory=lambda: [
            Grant(
                provider="company",
                resources=frozenset({"claude", "docs"}),
                verbs=READ,
                max_ttl=timedelta(hours=1),
                groups=frozenset({"eng"}),
            ),
            Grant(provider="robots", resources=frozenset({"claude"}), verbs=READ, max_ttl=timedelta(hours=1)),
        ]
    )
    agents: dict[str, Agent] = field(default_factory=dict)
    clients: list[Client] = field(
        default_factory=lambda: [
            Client(
                id="editor", name="The Editor", redirect_uris=("http://127.0.0.1/callback", "https://editor.example/cb")
            ),
            Client(id="bot", name="Reporter", redirect_uris=("http://localhost/done",), agent="reporter"),
        ]
    )
    codes: dict[str, tuple[int, Mapping[str, object]]] = field(default_factory=dict)
    posted: list[Mapping[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = self.clock.now
        self.agents["reporter"] = Agent(
            name="reporter",
            purpose="reports",
            resources=frozenset({"claude"}),
            verbs=READ,
            until=now() + timedelta(days=9),
        )
        people = Provider(
            name="company",
            issuer=self.idp.issuer,
            audiences=frozenset({"passgate"}),
            subject="email",
            algorithms=frozenset({"ES256"}),
        )
        services = Provider(
            name="robots",
            issuer=self.robots.issuer,
            audiences=frozenset({"passgate"}),
            kind=PrincipalKind.SERVICE,
            algorithms=frozenset({"ES256"}),
        )
        self.registry = PassRegistry(PassStore(self.database), now=now)
        self.exchange = TokenExchange(
            trusted={
                idp.issuer: Trusted(
                    verifier=Verifier(provider, IssuerKeys(idp.issuer, idp.fetch, clock=self.clock.monotonic), now=now)
                )
                for idp, provider in ((self.idp, people), (self.robots, services))
            },
            grants=self.grants,
            agents=self.agents,
            registry=self.registry,
            rules=IssuingRules(
                resources=frozenset({"claude", "docs"}), default_ttl=timedelta(hours=1), max_ttl=timedelta(hours=8)
            ),
            spent=SpentTokenStore(self.database),
            now=now,
        )
        self.keys = SigningKeys(SigningKeyStore(self.database, bytes(32)), rotation=timedelta(days=30), now=now)
        self.authorizations = AuthorizationStore(self.database)
        self.access = AccessTokenIssuer(
            url=URL, keys=self.keys, authorizations=self.authorizations, find=self.registry.find, now=now
        )
        self.issuer = Issuer(
            url=URL,
            resources=("claude", "docs"),
            exchange=self.exchange,
            registry=self.registry,
            keys=self.keys,
            access=self.access,
            authorizations=self.authorizations,
            session=self.session,
            recorder=self.recorder,
            now=now,
        )

        self.devices = Devices(DeviceStore(self.database), now=now)
        self.party = RelyingParty(
            Registration(
                provider="company",
                issuer=self.idp.issuer,
                client_id="passgate",
                redirect_uri=f"{URL}/oauth/callback",
                scopes=("openid", "email"),
            ),
            fetch=self.idp.fetch,
            post=self.post,
            clock=self.clock.monotonic,
        )
        self.sign_ins = SignIns(
            issuer=self.issuer,
            exchange=self.exchange,
            clients=RegisteredClients({client.id: client for client in self.clients}),
            provider=self.party,
            authorizations=self.authorizations,
            codes=OneTimeStore(self.database),
            devices=self.devices,
            recorder=self.recorder,
            now=now,
        )
        self.idp.discovery.update(
            authorization_endpoint=f"{self.idp.issuer}/authorize", token_endpoint=f"{self.idp.issuer}/token"
        )

    def live_authorizations(self) -> list[Authorization]:
        """What the store holds under which something may still be issued."""
        with self.database.reading() as connection:
            ids = connection.execute(select(AUTHORIZATIONS.c.id).order_by(AUTHORIZATIONS.c.issued)).scalars().all()
        found = [self.authorizations.find(one) for one in ids]
        now = self.clock.time
        return [one for one in found if one is not None and one.revoked is None and now < one.expires]

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, object]]:
        """The provider's token endpoint: the code is what the test says it stands for."""
        self.posted.append({**form, **headers, "url": url})
        return self.codes.get(form["code"], (400, {"error": "invalid_grant"}))

    def token(self, idp: Idp | None = None, **claims: object) -> str:
        """Of a provider, the people's if none is named, of this moment."""
        now, idp = int(self.clock.time.timestamp()), idp or self.idp
        return idp.token({**idp.claims(), "iat": now, "exp": now + 300, **claims})

    def request(self, **more: object) -> ExchangeRequest:
        fields: Mapping[str, object] = {
            "token": self.token(),
            "resources": frozenset({"claude"}),
            "verbs": READ,
            "purpose": "INC-42",
            **more,
        }
        return ExchangeRequest(**fields)  # type: ignore[arg-type] # a test's own words


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    database = SqliteDatabase(folder / "state.db")
    try:
        yield House(database)
    finally:
        database.close()
