"""What the company's directory and its provider say of people, as it is wired: SCIM, back-channel logout, asking again."""

from collections.abc import Callable, Coroutine, Iterator

from passgate.config.people import Directory, Recheck
from passgate.config.settings import Settings
from passgate.endpoints.beside import Beside
from passgate.endpoints.logout import LogoutEndpoint
from passgate.endpoints.scim.admission import Admission as ScimAdmission
from passgate.endpoints.scim.endpoint import ScimEndpoint
from passgate.identity.admission import Admission, RememberedAdmission, TokenAlone
from passgate.identity.directory.follow import DirectoryWatch
from passgate.identity.directory.shelves import Consequences, Groups, Users
from passgate.identity.directory.standing import Rules, Standing
from passgate.identity.ending import Ending
from passgate.identity.login_limiter import LoginLimiter
from passgate.identity.logout import BackchannelLogout
from passgate.identity.oidc.refreshing import Refreshing
from passgate.identity.recheck.sealing import Sealing
from passgate.identity.recheck.watch import Asked, RecheckWatch
from passgate.identity.registry import PassRegistry
from passgate.pipeline.protocols import Recorder
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.directory_store import GroupStore, PeopleStore, UserStore
from passgate.store.recheck_store import RecheckStore
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.identity import fetch, grant, verifier
from passgate.wiring.sources import Sources

_KEY = "subject-refresh-tokens"


class PeopleWiring:
    """Implements ``KnownPeople``."""

    def __init__(
        self,
        settings: Settings,
        *,
        registry: PassRegistry,
        database: SqliteDatabase,
        recorder: Recorder,
        look: Callable[[], object],
        sources: Sources,
        shared_key: Callable[[str], bytes],
    ) -> None:
        """Raises ConfigError, StoreError."""
        identity = settings.identity
        self._database = database
        self._recorder = recorder
        self._sources = sources
        self._shared_key = shared_key
        self._providers = identity.providers
        self._directory = identity.directory
        self._grants = [grant(one) for one in identity.grants]
        self._verifiers = {name: verifier(identity, name, again=True) for name in identity.providers}
        self._ending = Ending(passes=registry, sign_ins=AuthorizationStore(database), recorder=recorder, look=look)
        self._rechecks = RecheckStore(database)
        self._sealing = dict(self._sealings())
        self._standing = None if self._directory is None else self._standing_with(self._directory)
        self.admission: Admission = TokenAlone()
        if self._standing is not None or self._sealing:
            self.admission = RememberedAdmission(
                standing=self._standing, sealing=self._sealing, origins=self._rechecks, passes=registry
            )

    def beside(self) -> Iterator[Beside]:
        if self._providers:
            logout = BackchannelLogout(
                verifiers={one.issuer: self._verifiers[name] for name, one in self._providers.items()},
                names={one.issuer: name for name, one in self._providers.items()},
                ending=self._ending,
                spent=SpentTokenStore(self._database),
                recorder=self._recorder,
            )
            yield LogoutEndpoint(logout=logout, attempts=LoginLimiter(), recorder=self._recorder).serve
        if self._directory is not None and self._standing is not None:
            yield self._scim(self._directory, self._standing).serve

    def tasks(self) -> Iterator[Coroutine[object, object, None]]:
        if self._directory is not None and self._standing is not None:
            actor = _actor(self._directory)
            yield DirectoryWatch(standing=self._standing, ending=self._ending, actor=actor).run()
        for name, one in self._providers.items():
            if one.recheck is not None:
                yield self._watch(name, one.recheck).run()

    def _standing_with(self, directory: Directory) -> Standing:
        rules = Rules(
            provider=directory.provider,
            issuer=self._providers[directory.provider].issuer,
            required=directory.required,
            groups=directory.groups_from == "directory",
        )
        people = PeopleStore(self._database, subject=directory.subject)
        return Standing(rules=rules, people=people, origins=self._rechecks, grants=self._grants)

    def _sealings(self) -> Iterator[tuple[str, Sealing]]:
        for name, one in self._providers.items():
            if one.recheck is not None:
                key = self._shared_key(_KEY)
                yield name, Sealing(key, provider=name, every=one.recheck.every)

    def _scim(self, directory: Directory, standing: Standing) -> ScimEndpoint:
        consequences = Consequences(
            standing=standing, ending=self._ending, recorder=self._recorder, actor=_actor(directory)
        )
        subjects = PeopleStore(self._database, subject=directory.subject)
        return ScimEndpoint(
            admission=ScimAdmission(secret=self._sources.credential(directory.credential), attempts=LoginLimiter()),
            users=Users(entries=UserStore(self._database), subjects=subjects, consequences=consequences),
            groups=Groups(entries=GroupStore(self._database), subjects=subjects, consequences=consequences),
            recorder=self._recorder,
        )

    def _watch(self, name: str, recheck: Recheck) -> RecheckWatch:
        provider = self._providers[name]
        client_id = "" if provider.sign_in is None else provider.sign_in.client_id
        asked = Asked(
            name=name,
            issuer=provider.issuer,
            every=recheck.every,
            grace=recheck.grace,
            verifier=self._verifiers[name],
            refreshing=Refreshing(issuer=provider.issuer, client_id=client_id, ask=fetch(name, provider)),
            sealing=self._sealing[name],
        )
        return RecheckWatch(
            asked, rechecks=self._rechecks, admission=self.admission, grants=self._grants, ending=self._ending
        )


def _actor(directory: Directory) -> str:
    return f"scim:{directory.provider}"
