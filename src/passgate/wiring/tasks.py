"""Tasks as they are wired: their facts in the state store, the bell beside it."""

from passgate.config.state_folder import StateFolder
from passgate.pipeline.tasks import SharedTasks
from passgate.store.bell import Bell
from passgate.store.sqlite import SqliteDatabase
from passgate.store.task_store import TaskStore


class TasksWiring:
    def __init__(self, database: SqliteDatabase, folder: StateFolder) -> None:
        """Raises StoreError."""
        self._bell = Bell(folder.bell)
        self.tasks = SharedTasks(store=TaskStore(database), bell=self._bell)

    async def close(self) -> None:
        """After the last session."""
        await self.tasks.finish()
        self._bell.close()
