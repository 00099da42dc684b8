"""Seeded mutational fuzzing of the PostgreSQL codec: ``python tests/fuzz/fuzz_codec.py --seconds N --seed S``.

Any bytes parse or raise RemoteProtocolError: never another error, never a hang, never more memory than is bounded; and the whole,
byte by byte and any other cutting of the same bytes give the same. An input that breaks this is kept in the corpus folder, which
every later run tries first. Ends with one line that sums up, and with exit code 1 if anything was found.
"""

import argparse
import hashlib
import resource
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz.codec_targets import TARGETS, FuzzTarget
from tests.fuzz.mutation import Mutator

HANG_SECONDS = 5
MEMORY = 2 * 1024 * 1024 * 1024
CORPUS = Path(__file__).parent / "corpus" / "codec"


class HangError(BaseException):
    """An input took longer than any may."""


class DifferenceError(Exception):
    """The same bytes gave something else when they were cut differently."""


def _hang(number: int, frame: FrameType | None) -> None:
    raise HangError


def trial(target: FuzzTarget, data: bytes, mutator: Mutator) -> None:
    """Raises whatever is wrong with how the target takes ``data``."""
    signal.setitimer(signal.ITIMER_REAL, HANG_SECONDS)
    try:
        whole = target.run([data])
        if target.chunked:
            for way, pieces in (("byte by byte", [bytes((b,)) for b in data]), ("in pieces", mutator.cuts(data))):
                if target.run(pieces) != whole:
                    raise DifferenceError(f"the whole and {way} differ")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Campaign:
    """Tries inputs and keeps what breaks."""

    def __init__(self, *, targets: Sequence[FuzzTarget], seed: int, corpus: Path) -> None:
        self._targets = targets
        self._mutator = Mutator(seed)
        self._corpus = corpus
        self.tried = 0
        self.found = 0

    def attempt(self, target: FuzzTarget, data: bytes) -> None:
        self.tried += 1
        try:
            trial(target, data, self._mutator)
        except (Exception, HangError) as error:  # every kind of failure is what is looked for
            self.found += 1
            self._corpus.mkdir(parents=True, exist_ok=True)
            kept = self._corpus / f"{target.name}.{hashlib.sha256(data).hexdigest()[:16]}.bin"
            kept.write_bytes(data)
            where = traceback.extract_tb(error.__traceback__)[-1]
            sys.stdout.write(
                f"{target.name}: {type(error).__name__}: {error} ({where.filename}:{where.lineno}) -> {kept}\n"
            )

    def replay(self) -> None:
        """What was found before, and every seed as it is."""
        by_name = {target.name: target for target in self._targets}
        for kept in sorted(self._corpus.glob("*.bin")):
            target = by_name.get(kept.name.partition(".")[0])
            if target is not None:
                self.attempt(target, kept.read_bytes())
        for target in self._targets:
            for data in target.seeds:
                self.attempt(target, data)

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        random = self._mutator.random
        while time.monotonic() < end:
            target = random.choice(self._targets)
            self.attempt(target, self._mutator.mutate(random.choice(target.seeds), random.choice(target.seeds)))


def main(arguments: Sequence[str] | None = None, targets: Sequence[FuzzTarget] = TARGETS) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    chosen = parser.parse_args(arguments)
    before = signal.signal(signal.SIGALRM, _hang)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, limits[1]))
    try:
        campaign = Campaign(targets=targets, seed=chosen.seed, corpus=chosen.corpus)
        campaign.replay()
        campaign.run(chosen.seconds)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)
    sys.stdout.write(
        f"codec fuzz: {campaign.tried} inputs in {len(targets)} targets, {chosen.seconds:g} s, seed {chosen.seed}: "
        f"{campaign.found} findings\n"
    )
    return 1 if campaign.found else 0


if __name__ == "__main__":
    sys.exit(main())
