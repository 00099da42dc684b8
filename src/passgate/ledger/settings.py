"""What an operator may choose."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_KIB = 1024
_MIB = 1024 * _KIB


class Durability(StrEnum):
    """When an event counts as durable."""

    FSYNC = "fsync"  # after fdatasync
    OS = "os"  # once the kernel has it: survives a killed process, not a power cut; for benchmarks only


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """All sizes in bytes. ``lag_bytes``: plaintext that may wait for the background thread before storing stops."""

    session_bytes: int = 8 * _MIB
    result_bytes: int = 256 * _KIB
    chunk_bytes: int = 64 * _KIB
    chunk_seconds: float = 1.0
    lag_bytes: int = 32 * _MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """``worker`` tells the processes of one node apart: each writes a log of its own.

    ``reserve_bytes`` of disk are claimed ahead, so that refusals and the gap itself can still be written when the disk is full.
    ``stall_seconds``: a commit that takes longer fails what waits for it, and new work is refused until it is over.
    ``checkpoint_copies``: folders (another volume) that receive each published checkpoint and are compared with on open.
    """

    org: str = "local"
    node: str = "gate"
    worker: int = 0
    durability: Durability = Durability.FSYNC
    segment_bytes: int = 64 * _MIB
    reserve_bytes: int = 64 * _MIB
    queue_events: int = 65_536
    queue_bytes: int = 64 * _MIB
    stall_seconds: float = 10.0
    heartbeat_seconds: float = 60.0
    checkpoint_seconds: float = 1.0
    checkpoint_copies: tuple[Path, ...] = ()
    recording: RecordingSettings = RecordingSettings()

    @property
    def log_name(self) -> str:
        return f"{self.node}-w{self.worker}"

    @property
    def origin(self) -> str:
        """The log's name in checkpoints."""
        return f"audit.{self.org}/{self.log_name}"
