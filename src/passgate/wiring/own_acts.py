"""What the gate does by itself, and not for a session, is recorded too."""

from collections.abc import Mapping
from typing import Protocol

from passgate.core.event import EventType, Json


class Record(Protocol):
    async def __call__(self, type_: EventType, detail: Mapping[str, Json]) -> None:
        """Write down what the gate itself did."""
