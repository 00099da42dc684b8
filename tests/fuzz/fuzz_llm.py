"""Seeded mutational fuzzing of the codec of models' APIs: ``python tests/fuzz/fuzz_llm.py --seconds N --seed S``.

The same fuzzer as of the PostgreSQL codec, with targets and a corpus of its own.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fuzz import fuzz_codec
from tests.fuzz.llm_targets import TARGETS

CORPUS = Path(__file__).parent / "corpus" / "llm"


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    return fuzz_codec.main(["--corpus", str(CORPUS), *given], targets=TARGETS)


if __name__ == "__main__":
    sys.exit(main())
