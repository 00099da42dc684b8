"""Looking at the record is itself recorded: in a log of the command line's own, beside the gate's."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from passgate.cli.options import actor
from passgate.cli.output import note
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.pipeline.sealing import UNSEALED, Sealing

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOGS = 8
"""How many commands may record at the same moment."""


def record(ledger: Path, type_: EventType, detail: "Mapping[str, Json]", *, sealing: Sealing = UNSEALED) -> None:
    """Durable before the command shows anything. On a copy that cannot be written a person is told instead.

    Raises LedgerUnavailableError, LedgerCorruptError, MasterKeyError.
    """
    if not os.access(ledger, os.W_OK) or not (ledger / "keys").is_dir():
        looked = type_ in (EventType.AUDIT_VIEWED, EventType.AUDIT_EXPORTED)
        what = "that it was looked at" if looked else f"{type_.value}"
        note(f"The ledger in {ledger} cannot be written, so {what} is not recorded.")
        return
    asyncio.run(_append(ledger, Event(type=type_, actor=actor(), detail=detail), sealing))


async def _append(folder: Path, event: Event, sealing: Sealing) -> None:
    from passgate.ledger.ledger import Ledger
    from passgate.ledger.settings import LedgerSettings

    for worker in range(_LOGS):
        try:
            ledger = Ledger.open(folder, LedgerSettings(node="cli", worker=worker, reserve_bytes=0), sealing=sealing)
        except LedgerUnavailableError:
            if worker == _LOGS - 1:
                raise
            continue
        try:
            await ledger.append(event).durable
        finally:
            ledger.close()
        return
