from collections.abc import Sequence

import pytest

from passgate.core.errors import TargetUnavailableError
from passgate.core.session import Session
from passgate.languages.sql.catalog import Catalog
from passgate.languages.sql.source import CatalogLanguage, CatalogSource
from passgate.pipeline.protocols import Understander
from tests.unit.languages.sql.test_snapshot import RecordedServer, recorded


class RememberingLanguage(CatalogLanguage):
    """Remembers every catalog it was given."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalogs = [catalog]

    def use(self, catalog: Catalog) -> None:
        self.catalogs.append(catalog)

    def open(self, session: Session) -> Understander:
        raise NotImplementedError


class UnsteadyServer(RecordedServer):
    """Fails while ``down``."""

    down = False

    async def __call__(self, text: str) -> Sequence[Sequence[str | None]]:
        if self.down:
            raise TargetUnavailableError("shop does not answer")
        return await super().__call__(text)


async def refreshed(server: RecordedServer) -> tuple[CatalogSource, RememberingLanguage]:
    source = CatalogSource(server, RememberingLanguage)
    await source.refresh()
    assert isinstance(source.language, RememberingLanguage)
    return source, source.language


async def test_there_is_no_language_before_the_first_snapshot() -> None:
    server = UnsteadyServer(recorded())
    source = CatalogSource(server, RememberingLanguage)
    with pytest.raises(TargetUnavailableError):
        _ = source.language
    with pytest.raises(TargetUnavailableError):
        _ = source.catalog
    server.down = True
    with pytest.raises(TargetUnavailableError):
        await source.refresh()
    with pytest.raises(TargetUnavailableError, match="has not been read yet: shop does not answer"):
        _ = source.language  # whoever is turned away by this finds the cause in the ledger


async def test_a_refresh_without_change_changes_nothing() -> None:
    source, language = await refreshed(RecordedServer(recorded()))
    before = source.catalog
    await source.refresh()
    assert source.catalog is before
    assert language.catalogs == [before]


async def test_a_change_reaches_the_same_language() -> None:
    server = RecordedServer(recorded())
    source, language = await refreshed(server)
    version = source.catalog.version
    server.answers["relations"] = [row for row in server.answers["relations"] if row[2] != "orders"]
    await source.refresh()
    assert source.language is language
    assert language.catalogs[-1] is source.catalog
    assert source.catalog.version != version
    assert source.catalog.relation("orders", "", ("public",)) is None


async def test_a_failed_refresh_keeps_the_last_snapshot() -> None:
    server = UnsteadyServer(recorded())
    source, language = await refreshed(server)
    before = source.catalog
    server.down = True
    with pytest.raises(TargetUnavailableError, match="does not answer"):
        await source.refresh()
    assert source.catalog is before
    assert language.catalogs == [before]
