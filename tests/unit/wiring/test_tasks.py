"""Two gates of one state folder."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from passgate.config.state_folder import StateFolder
from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.tasks import TasksWiring


async def test_gates_of_one_folder_share_tasks_and_what_they_counted(tmp_path: Path) -> None:
    folder = StateFolder(path=tmp_path / "state")
    folder.create()
    now = datetime.now(UTC)
    pass_ = Pass(
        id="pg_1",
        principal=Principal(kind=PrincipalKind.HUMAN, subject="ada"),
        resources=frozenset({"shop"}),
        verbs=frozenset({VerbClass.READ}),
        purpose="p",
        ticket=None,
        issued=now,
        expires=now + timedelta(hours=1),
    )
    databases = [SqliteDatabase(folder.database) for _ in range(2)]
    one, other = (TasksWiring(database, folder) for database in databases)
    mine, theirs = one.tasks.open(pass_), other.tasks.open(pass_)
    kept = one.tasks.tag(mine, "sensitive-read")
    assert kept is not None
    await kept
    other.tasks.look()
    assert theirs.tags == {"sensitive-read"}
    mine.count("rows", 3)
    await one.close()
    await other.tasks.exchange_counters()
    assert theirs.counters == {"rows": 3}
    await other.close()
    for database in databases:
        database.close()
