"""The file: its modes, its transactions, its failures."""

import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.store.sqlite import SqliteDatabase


def test_all_its_files_are_the_owners_only(path: Path, database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.execute(text("INSERT INTO node_keys VALUES ('n', x'00')"))
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["state.db", "state.db-shm", "state.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_settings_that_durability_and_safety_rest_on(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]


@pytest.mark.parametrize("mode", [0o640, 0o606, 0o666])
def test_a_file_that_others_can_open_is_refused(path: Path, mode: int) -> None:
    path.touch()
    path.chmod(mode)
    with pytest.raises(StoreError, match=r"Others may read or write .* chmod 600"):
        SqliteDatabase(path)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"none/state\.db cannot be opened: No such file"):
        SqliteDatabase(tmp_path / "none" / "state.db")


def test_a_file_that_is_not_a_database(path: Path) -> None:
    path.write_bytes(b"this is not a database file at all, but long enough to be looked at" * 20)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="file is not a database"):
        SqliteDatabase(path)


def test_workers_that_open_a_new_file_at_once_wait_for_each_other(path: Path) -> None:
    """SQLite's own time-out does not cover the change to a write-ahead log: where another is about to write, it fails at once."""
    path.touch(mode=0o600)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.3, other.execute, ["ROLLBACK"])
    done.start()
    try:
        SqliteDatabase(path).close()
    finally:
        done.join()
        other.close()


def test_a_transaction_that_fails_leaves_nothing(database: SqliteDatabase) -> None:
    def insert_and_fail() -> None:
        with database.writing() as connection:
            connection.execute(text("INSERT INTO node_keys VALUES ('n', x'00')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        insert_and_fail()
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM node_keys")).scalar() == 0


def test_a_failure_names_the_file_and_none_of_the_values(path: Path, database: SqliteDatabase) -> None:
    with pytest.raises(StoreError) as caught, database.writing() as connection:
        connection.execute(text("INSERT INTO no_such_table VALUES (:v)"), {"v": "pgs_very_secret"})
    assert str(path) in str(caught.value)
    assert "no_such_table" in str(caught.value)
    assert "pgs_very_secret" not in f"{caught.value!r}{caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


def test_a_file_that_was_taken_away_or_put_back_is_not_trusted_any_more(path: Path, database: SqliteDatabase) -> None:
    def count() -> int | None:
        with database.reading() as connection:
            number: int | None = connection.execute(text("SELECT count(*) FROM node_keys")).scalar()
            return number

    assert count() == 0
    moved = path.rename(path.with_name("moved.db"))
    with pytest.raises(StoreError, match=r"state\.db is gone: No such file"):
        count()
    path.write_bytes(moved.read_bytes())
    with pytest.raises(StoreError, match="was replaced while it was in use"):
        count()
    moved.rename(path)
    assert count() == 0


def test_readers_go_on_while_another_process_writes(path: Path, database: SqliteDatabase) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO node_keys VALUES ('theirs', x'00')")
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM node_keys")).scalar() == 0
        other.execute("COMMIT")
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM node_keys")).scalar() == 1
    other.close()


def test_a_writer_waits_for_another_process(path: Path, database: SqliteDatabase) -> None:
    holder = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute(\"INSERT INTO node_keys VALUES ('theirs', x'00')\")\n"
        "print('held', flush=True)\n"
        "sys.stdin.readline()\n"
        "c.execute('COMMIT')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(sqlite3.OperationalError, match="locked"):  # the lock is really held
            sqlite3.connect(path, timeout=0, isolation_level=None).execute("BEGIN IMMEDIATE")
        process.stdin.write("go\n")
        process.stdin.flush()
        with database.writing() as connection:
            assert connection.execute(text("SELECT name FROM node_keys")).scalars().all() == ["theirs"]


def test_processes_that_open_a_new_store_at_once_all_succeed(path: Path) -> None:
    opener = (
        "import sys; from pathlib import Path\n"
        "from passgate.store.sqlite import SqliteDatabase\n"
        "from passgate.store.pass_store import PassStore\n"
        "print(PassStore(SqliteDatabase(Path(sys.argv[1]))).shared_key('k').hex())\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", opener, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    keys = [process.communicate()[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0]
    assert len(set(keys)) == 1
    assert len(keys[0]) == 64


def test_a_counter_that_cannot_be_written_is_an_error(database: SqliteDatabase) -> None:
    with pytest.raises(StoreError, match=r"state\.db cannot be written: no such table: none_such"):
        database.count("UPDATE none_such SET x = 1", ())
