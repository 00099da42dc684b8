"""Whom a gate knows by the company's provider and directory; where there are none, nothing of theirs is loaded."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Protocol

from passgate.config.settings import Settings
from passgate.endpoints.beside import Beside
from passgate.identity.admission import Admission, TokenAlone
from passgate.identity.registry import PassRegistry
from passgate.pipeline.protocols import Recorder
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.sources import Sources


class KnownPeople(Protocol):
    @property
    def admission(self) -> Admission:
        """For the exchange of tokens."""

    def beside(self) -> Iterator[Beside]:
        """What is served on the HTTP listener."""

    def tasks(self) -> Iterator[Coroutine[object, object, None]]:
        """To be run until the gate stops."""


class Strangers:
    """A gate without a provider."""

    admission: Admission = TokenAlone()

    def beside(self) -> Iterator[Beside]:
        return iter(())

    def tasks(self) -> Iterator[Coroutine[object, object, None]]:
        return iter(())


def open_people(
    settings: Settings,
    *,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
    look: Callable[[], object],
    sources: Sources,
    shared_key: Callable[[str], bytes],
) -> KnownPeople:
    """``look``: has the gate look for revocations now. Raises ConfigError, StoreError."""
    if not settings.identity.providers and settings.identity.directory is None:
        return Strangers()
    from passgate.wiring.people import PeopleWiring  # not loaded where nobody asks for it

    return PeopleWiring(
        settings,
        registry=registry,
        database=database,
        recorder=recorder,
        look=look,
        sources=sources,
        shared_key=shared_key,
    )
