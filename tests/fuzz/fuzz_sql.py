"""Seeded fuzzing of the SQL language: ``python tests/fuzz/fuzz_sql.py --seconds N --seed S``.

Whatever the text, ``understand`` returns: it never raises, never takes more than ``HANG_SECONDS``. A statement grown from the
grammar holds a call that must be among its atoms, or the statement must say that it was not understood. Findings are kept in the
corpus folder, which every later run tries first. Ends with one line that sums up, and with exit code 1 if anything was found.
"""

import argparse
import hashlib
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from passgate.languages.sql.language import SqlLanguage
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.reference import reference_catalog
from tests.fuzz.sql_grammar import SENTINEL, Grower
from tests.unit.languages.sql.shop import session

HANG_SECONDS = 2.0
CORPUS = Path(__file__).parent / "corpus" / "sql"


class HangError(BaseException):
    """A text took longer than any may."""


class UnseenError(Exception):
    """A call in the text is not among the atoms, though the text was said to be understood."""


def _hang(number: int, frame: FrameType | None) -> None:
    raise HangError


class Campaign:
    """Tries texts and keeps what breaks."""

    def __init__(self, *, language: SqlLanguage, seed: int, corpus: Path) -> None:
        self._understander = language.open(session())
        self._grower = Grower(seed)
        self._corpus = corpus
        self.tried = 0
        self.whole = 0
        self.findings = 0

    def run(self, seconds: float) -> None:
        for path in sorted(self._corpus.glob("*.sql")):
            self.trial(path.read_text("utf-8", "surrogatepass"), grown=False)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self._grower.statement()
            self.trial(text, grown=True)
            self.trial(self._grower.mutated(text), grown=False)

    def trial(self, text: str, *, grown: bool) -> None:
        self.tried += 1
        signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
        try:
            self.check(text, grown=grown)
        except (Exception, HangError) as error:
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._keep(text, error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def check(self, text: str, *, grown: bool) -> None:
        """Raises whatever is wrong with how a text is understood."""
        found = self._understander.understand(text)
        if not found.actions:
            raise UnseenError("no action")
        for action in found.actions:
            if action.complete is bool(action.gaps):
                raise UnseenError("gaps and complete do not agree")
        if all(action.complete for action in found.actions):
            self.whole += 1
            if grown and not any(atom.object.name == SENTINEL for action in found.actions for atom in action.atoms):
                raise UnseenError(SENTINEL)

    def _keep(self, text: str, error: BaseException) -> None:
        self.findings += 1
        self._corpus.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        (self._corpus / f"{name}.sql").write_text(text, "utf-8", "surrogatepass")
        said = "".join(traceback.format_exception(error, limit=-4)).encode("ascii", "backslashreplace").decode()
        print(f"FINDING {type(error).__name__} in {name}.sql: {text[:200]!a}\n{said}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGALRM, _hang)
    sql = Parser()
    try:
        campaign = Campaign(
            language=SqlLanguage(catalog=reference_catalog(), parser=sql), seed=given.seed, corpus=given.corpus
        )
        campaign.run(given.seconds)
    finally:
        sql.close()
    print(
        f"sql: {campaign.tried} texts, {campaign.whole} understood whole, {campaign.findings} findings, seed {given.seed}"
    )
    return 1 if campaign.findings else 0


if __name__ == "__main__":
    sys.exit(main())
