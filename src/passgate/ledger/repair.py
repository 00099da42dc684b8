"""Letting a log go on that stopped at a power cut, by a person's word.

A batch is written and flushed as one, but a disk that loses power may keep its last block and not its first: a signed seal
without the entries that it seals. Opening refuses that, since damage after the fact looks the same. A repair keeps a copy of what
is there, cuts it off, and says so in the log, in the batch of the next boot: how many entries the seal spoke of, and its root.
Whoever has been shown that head elsewhere holds evidence against the log from then on, and a published checkpoint of it forbids
the repair.
"""

from dataclasses import dataclass
from pathlib import Path

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import TORN, known_checkpoints
from passgate.ledger.reader import LogReader
from passgate.ledger.recovery import recover
from passgate.ledger.settings import LedgerSettings
from passgate.pipeline.sealing import UNSEALED, Sealing

_ORIGIN = "audit."


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """``size``: entries that are left; ``given_up``: that the lost batch had held. ``copies``: where what was cut off is kept."""

    log: str
    size: int
    given_up: int
    copies: Path


def repair(path: Path, log: str, *, by: str, sealing: Sealing = UNSEALED) -> Repaired | None:
    """Repair ``<path>/<log>``; None where it opens as it is. ``by``: who says so, for the record.

    Raises LedgerCorruptError for any other damage, LedgerUnavailableError where the log is in use or cannot be written, OSError.
    """
    directory = path / log
    verifier = LogReader(directory).verifier
    known = known_checkpoints((directory,), verifier)
    try:
        recover(directory, verifier, known)
    except LedgerCorruptError:
        recovered = recover(directory, verifier, known, give_up_batch=True)
    else:
        return None
    Ledger.open(path, _settings(verifier.name, log), repaired_by=by, sealing=sealing).close()
    size = recovered.standing.range.size
    given_up = 0 if recovered.lost is None else recovered.lost.size - size
    return Repaired(log=log, size=size, given_up=given_up, copies=directory / TORN)


def _settings(origin: str, log: str) -> LedgerSettings:
    """Whose log it is, from its own name. Raises LedgerCorruptError."""
    org, slash, name = origin.removeprefix(_ORIGIN).partition("/")
    node, dash, worker = name.rpartition("-w")
    if not (origin.startswith(_ORIGIN) and slash and dash and worker.isdecimal()) or name != log:
        raise LedgerCorruptError(f"{log} is not the folder of {origin}")
    return LedgerSettings(org=org, node=node, worker=int(worker), reserve_bytes=0)
