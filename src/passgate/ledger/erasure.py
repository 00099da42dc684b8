"""Erasing a session: its key is overwritten and its recording removed, while every hash that the log holds goes on proving."""

from dataclasses import dataclass

from passgate.ledger.keys import KeyFile
from passgate.ledger.reader import LedgerReader
from passgate.ledger.recording import recording_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many keys were destroyed and chunks removed."""

    keys: int
    chunks: int


def erase(reader: LedgerReader, session: str) -> Erased:
    """In every log of the ledger. The caller has recorded it first. Raises LedgerUnavailableError, OSError."""
    session = session.encode("utf-8", "replace").decode()  # an argument in another encoding names no session
    keys = chunks = 0
    for log in reader.logs():
        keys += KeyFile(log.directory).destroy(session)
        folder = recording_folder(log.directory, session)
        if folder.is_dir():
            for chunk in tuple(folder.iterdir()):
                chunk.unlink()
                chunks += 1
            folder.rmdir()
    return Erased(keys=keys, chunks=chunks)
