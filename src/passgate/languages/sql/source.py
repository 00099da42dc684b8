"""Keeps one resource's language up to date with its server's catalog."""

from collections.abc import Callable
from typing import Protocol

from passgate.core.errors import TargetUnavailableError
from passgate.languages.sql.catalog import Catalog
from passgate.languages.sql.snapshot import load
from passgate.pipeline.protocols import Language, TargetQuery


class CatalogLanguage(Language, Protocol):
    """A language that goes on by another snapshot when one is taken, in open sessions too."""

    def use(self, catalog: Catalog) -> None: ...


class CatalogSource:
    """A ``LanguageSource``: the composition root calls ``refresh`` at start, on a timer, and after DDL has been carried out.

    A refresh that finds the same content changes nothing, so that nothing cached is lost. A refresh that fails keeps the last
    snapshot in force; before the first one succeeds there is no language.
    """

    def __init__(self, query: TargetQuery, build: Callable[[Catalog], CatalogLanguage]) -> None:
        """``build`` makes the language from the first snapshot; later ones are handed to it."""
        self._query = query
        self._build = build
        self._catalog: Catalog | None = None
        self._language: CatalogLanguage | None = None
        self._trouble = ""

    @property
    def catalog(self) -> Catalog:
        """The snapshot in force. Raises TargetUnavailableError before the first."""
        if self._catalog is None:
            raise self._unread()
        return self._catalog

    @property
    def language(self) -> CatalogLanguage:
        """The one language of the resource. Raises TargetUnavailableError before the first snapshot."""
        if self._language is None:
            raise self._unread()
        return self._language

    def _unread(self) -> TargetUnavailableError:
        return TargetUnavailableError(f"the catalog of this resource has not been read yet{self._trouble}")

    async def refresh(self) -> None:
        """Read the server's catalog anew. Raises TargetUnavailableError."""
        try:
            catalog = await load(self._query)
        except TargetUnavailableError as error:
            self._trouble = f": {error}"
            raise
        if self._language is None:
            self._language = self._build(catalog)
        elif self._catalog is None or catalog.version != self._catalog.version:
            self._language.use(catalog)
        else:
            return
        self._catalog = catalog
