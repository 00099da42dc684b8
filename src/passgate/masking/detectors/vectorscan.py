"""The gate on Vectorscan: all rules in one pass over the bytes. The wheel is called ``hyperscan``."""

import threading
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

import hyperscan

from passgate.core.errors import DetectorError
from passgate.masking.detectors.cache import read_database, write_database
from passgate.masking.detectors.rule import CompiledRule, forms, spaced
from passgate.masking.detectors.trial import passed_over


class VectorscanGate:
    """One compiled database for the process, one scratch per thread: a shared scratch makes concurrent scans fail.

    A rule that asks for a context word is gated by the word alone: words are rarer than numbers, and the database is smaller.

    ``unsure``: rules that the database passes over where it should not, by a trial when it is compiled. They always fire.
    """

    def __init__(self, rules: Sequence[CompiledRule], *, fingerprint: str, cache: Path | None = None) -> None:
        """``cache``: the file of the compiled database, rebuilt where it is missing, corrupt, of other rules or of another machine.

        Raises DetectorError if the rules cannot be compiled.
        """
        patterns: dict[bytes, list[int]] = {}
        for index, rule in enumerate(rules):
            pattern = _any_of(rule.rule.context) if rule.rule.context else rule.rule.pattern.encode("ascii")
            patterns.setdefault(pattern, []).append(index)
        self._rules_of = tuple(tuple(indexes) for indexes in patterns.values())
        self._local = threading.local()
        key = f"{fingerprint}:{version('hyperscan')}"
        self.unsure: frozenset[int] = frozenset()
        try:
            known = _load(cache, key) if cache is not None else None
            if known is not None:
                self._database, self.unsure = known
                return
            self._database = _compile(list(patterns))
            self.unsure = passed_over(self, rules)
            if cache is not None:
                write_database(cache, key, _kept(self._database, self.unsure))
        except hyperscan.error as error:
            raise DetectorError(f"the rules cannot be compiled: {error}") from error

    def fired(self, data: bytes) -> Sequence[int]:
        """Raises DetectorError if the scan does not run to its end."""
        ids: list[int] = []

        def collect(rule: int, _start: int, _end: int, _flags: int, _context: object) -> None:
            ids.append(rule)

        try:
            self._database.scan(data, match_event_handler=collect, scratch=self._scratch())
        except hyperscan.error as error:
            raise DetectorError(f"the scan failed: {error}") from error
        if not ids and not self.unsure:
            return ids
        return sorted({*(index for id_ in ids for index in self._rules_of[id_]), *self.unsure})

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


def _kept(database: "hyperscan.Database", unsure: Collection[int]) -> bytes:
    """The rules that it passes over, in a line of their own, and the database."""
    return b",".join(b"%d" % index for index in sorted(unsure)) + b"\n" + hyperscan.dumpb(database)


def _load(cache: Path, key: str) -> "tuple[hyperscan.Database, frozenset[int]] | None":
    blob = read_database(cache, key)
    if blob is None:
        return None
    unsure, _, dumped = blob.partition(b"\n")
    try:
        database = hyperscan.loadb(dumped, hyperscan.HS_MODE_BLOCK)
        return database, frozenset(map(int, unsure.split(b","))) if unsure else frozenset()
    except (hyperscan.error, ValueError):
        return None  # written by another machine or version: the caller compiles anew


def _any_of(words: Sequence[str]) -> bytes:
    """Any of the context words where a word of a text or of a ``snake_case`` or ``camelCase`` name can begin and end."""
    alone = "|".join(_edged(form, spaced(form)) for word in words for form in forms(word))
    humps = [word for word in words if word[0].isascii() and word[0].isalpha()]
    inner = "|".join(word[0].upper() + f"(?i:{spaced(word[1:])}){_after(word)}" for word in humps)
    return (f"(?:{alone}|[a-z0-9](?:{inner}))" if inner else f"(?:{alone})").encode()


def _edged(word: str, pattern: str) -> str:
    """Bytes beyond ASCII are no word bytes to ``\\b``, so a word that begins or ends with one is taken anywhere."""
    before = r"(?:\b|_)" if word[0].isascii() and word[0].isalnum() else ""
    return f"{before}(?i:{pattern}){_after(word)}"


def _after(word: str) -> str:
    return r"(?:\b|_|[A-Z])" if word[-1].isascii() and word[-1].isalnum() else ""
