"""The gate on Vectorscan: all rules in one pass over the bytes. The wheel is called ``hyperscan``."""

import re
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import hyperscan

from passgate.core.errors import DetectorError
from passgate.masking.detectors.cache import read_database, write_database
from passgate.masking.detectors.rule import CompiledRule


class VectorscanGate:
    """One compiled database for the process, one scratch per thread: a shared scratch makes concurrent scans fail."""

    def __init__(self, rules: Sequence[CompiledRule], *, fingerprint: str, cache: Path | None = None) -> None:
        """``cache``: the file of the compiled database, rebuilt where it is missing, corrupt, of other rules or of another machine.

        Raises DetectorError if the rules cannot be compiled.
        """
        contexts = list(dict.fromkeys(rule.rule.context for rule in rules if rule.rule.context))
        first_context = len(rules)
        self._context_of = [
            first_context + contexts.index(rule.rule.context) if rule.rule.context else -1 for rule in rules
        ]
        self._first_context = first_context
        self._local = threading.local()
        patterns = [rule.rule.pattern.encode("ascii") for rule in rules] + [_any_of(words) for words in contexts]
        key = f"{fingerprint}:{version('hyperscan')}"
        try:
            database = _load(cache, key) if cache is not None else None
            if database is None:
                database = _compile(patterns)
                if cache is not None:
                    write_database(cache, key, hyperscan.dumpb(database))
        except hyperscan.error as error:
            raise DetectorError(f"the rules cannot be compiled: {error}") from error
        self._database = database

    def fired(self, data: bytes) -> Sequence[int]:
        """Raises DetectorError if the scan does not run to its end."""
        ids: list[int] = []

        def collect(rule: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            ids.append(rule)

        try:
            self._database.scan(data, match_event_handler=collect, scratch=self._scratch())
        except hyperscan.error as error:
            raise DetectorError(f"the scan failed: {error}") from error
        if not ids:
            return ids
        spoken = set(ids)
        context_of = self._context_of
        limit = self._first_context
        return [i for i in sorted(spoken) if i < limit and (context_of[i] < 0 or context_of[i] in spoken)]

    def _scratch(self) -> "hyperscan.Scratch":
        scratch: hyperscan.Scratch | None = getattr(self._local, "scratch", None)
        if scratch is None:
            scratch = hyperscan.Scratch(self._database)
            self._local.scratch = scratch
        return scratch


def _compile(patterns: Sequence[bytes]) -> "hyperscan.Database":
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=list(patterns),
        ids=list(range(len(patterns))),
        elements=len(patterns),
        flags=hyperscan.HS_FLAG_SINGLEMATCH,
    )
    return database


def _load(cache: Path, key: str) -> "hyperscan.Database | None":
    blob = read_database(cache, key)
    if blob is None:
        return None
    try:
        return hyperscan.loadb(blob, hyperscan.HS_MODE_BLOCK)
    except hyperscan.error:
        return None  # written by another machine or version: the caller compiles anew


def _any_of(words: Sequence[str]) -> bytes:
    return b"(?i)(?:" + "|".join(re.escape(word).replace("\\ ", r"[\s_\-]{0,2}") for word in words).encode() + b")"
