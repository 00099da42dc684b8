import pytest

from passgate.core.errors import TargetUnavailableError
from passgate.core.session import Session
from passgate.languages.sql.catalog import Catalog
from passgate.languages.sql.source import CatalogSource
from passgate.pipeline.protocols import Language, Understander
from tests.unit.languages.sql.test_snapshot import RecordedServer, recorded


class CatalogLanguage(Language):
    """Remembers the catalog it was built from."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def open(self, session: Session) -> Understander:
        raise NotImplementedError


class UnsteadyServer(RecordedServer):
    """Fails while ``down``."""

    down = False

    async def __call__(self, text: str) -> object:  # type: ignore[override]
        if self.down:
            raise TargetUnavailableError("shop does not answer")
        return await super().__call__(text)


async def test_there_is_no_language_before_the_first_snapshot() -> None:
    source = CatalogSource(RecordedServer(recorded()), CatalogLanguage)
    with pytest.raises(TargetUnavailableError):
        _ = source.language
    with pytest.raises(TargetUnavailableError):
        _ = source.catalog
    await source.refresh()
    assert isinstance(source.language, CatalogLanguage)
    assert source.language.catalog is source.catalog


async def test_a_refresh_without_change_keeps_the_language() -> None:
    source = CatalogSource(RecordedServer(recorded()), CatalogLanguage)
    await source.refresh()
    before = source.language
    await source.refresh()
    assert source.language is before


async def test_a_change_makes_another_language() -> None:
    server = RecordedServer(recorded())
    source = CatalogSource(server, CatalogLanguage)
    await source.refresh()
    before, version = source.language, source.catalog.version
    server.answers["relations"] = [row for row in server.answers["relations"] if row[2] != "orders"]
    await source.refresh()
    assert source.language is not before
    assert source.catalog.version != version
    assert source.catalog.relation("orders", "", ("public",)) is None


async def test_a_failed_refresh_keeps_the_last_snapshot() -> None:
    server = UnsteadyServer(recorded())
    source = CatalogSource(server, CatalogLanguage)
    await source.refresh()
    before = source.language
    server.down = True
    with pytest.raises(TargetUnavailableError, match="does not answer"):
        await source.refresh()
    assert source.language is before
