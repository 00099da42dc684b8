"""What reached the stand-in: every request as it came, and how it ended."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request. ``headers`` in order and as written; ``body``: the exact bytes, still encoded if they came so."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The last header of this name, None if there is none."""
        return next((value for key, value in reversed(self.headers) if key.lower() == name.lower()), None)

    @property
    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object. Raises ValueError, TypeError."""
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise TypeError("the body is no JSON object")
        return document

    @property
    def raw(self) -> bytes:
        """Everything of it in one piece, to search in."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return f"{self.method} {self.path}?{self.query}\n{head}\n\n".encode("utf-8", "surrogateescape") + self.body


class Exchange:
    """A request and what became of it. ``gone``: set when the caller went away before the end; ``done``: set at the end."""

    def __init__(self, request: Received) -> None:
        self.request = request
        self.gone = threading.Event()
        self.done = threading.Event()
