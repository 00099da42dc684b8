from pathlib import Path

import pytest

from passgate.config.loading import parse_settings
from passgate.identity.admission import TokenAlone
from passgate.identity.registry import PassRegistry
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.known_people import KnownPeople, Strangers, open_people
from passgate.wiring.people import PeopleWiring
from passgate.wiring.sources import Sources
from tests.unit.config.test_identity import BASE, PROVIDER
from tests.unit.pipeline.steps import MemoryRecorder


@pytest.mark.parametrize(
    ("text", "kind"), [(BASE.replace("identity:\n", ""), Strangers), (BASE + PROVIDER % "", PeopleWiring)]
)
def test_without_a_provider_everybody_is_a_stranger(tmp_path: Path, text: str, kind: type[KnownPeople]) -> None:
    database = SqliteDatabase(tmp_path / "state.db")
    people = open_people(
        parse_settings(text, file="passgate.yaml", base=Path("/nowhere")),
        registry=PassRegistry(PassStore(database)),
        database=database,
        recorder=MemoryRecorder(),
        look=lambda: None,
        sources=Sources({}),
        shared_key=PassStore(database).shared_key,
    )
    assert isinstance(people, kind)
    assert isinstance(people.admission, TokenAlone)
    assert len(list(people.beside())) == (kind is PeopleWiring)
    assert list(people.tasks()) == []
    database.close()
