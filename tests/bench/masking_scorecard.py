"""Recall and precision of the detectors on a file of labelled sentences.

    python tests/bench/masking_scorecard.py FILE.json [--misses] [--json]

FILE is a JSON list of ``{"full_text": ..., "spans": [{"entity_type", "start_position", "end_position"}]}``, offsets in characters
(the form of presidio-research). A labelled span counts as found when at least 90 % of its characters are covered, by a finding of
its own type or of any other: a value that is masked under another name is still masked. Precision counts findings of a type that
touch no label at all.
"""

import argparse
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from passgate.masking import Finding, open_detector

TYPES = {
    "EMAIL_ADDRESS": {"EMAIL"},
    "PHONE_NUMBER": {"PHONE"},
    "CREDIT_CARD": {"CARD"},
    "IBAN_CODE": {"IBAN"},
    "IP_ADDRESS": {"IP_ADDRESS"},
    "US_SSN": {"SSN", "ITIN"},
    "DOMAIN_NAME": {"URL", "EMAIL"},
    "ZIP_CODE": {"POSTAL_CODE"},
    "US_DRIVER_LICENSE": {"DRIVER_LICENCE"},
}
COVERED = 0.9


def to_characters(text: str, findings: tuple[Finding, ...]) -> list[tuple[int, int, str]]:
    """Byte offsets of UTF-8 to character offsets."""
    data = text.encode()
    return [
        (len(data[: f.start].decode(errors="ignore")), len(data[: f.end].decode(errors="ignore")), f.type)
        for f in findings
    ]


def score(samples: list[dict[str, Any]], *, least_rank: int) -> dict[str, Any]:
    detector = open_detector(least_rank=least_rank)
    total: Counter[str] = Counter()
    same: Counter[str] = Counter()
    any_type: Counter[str] = Counter()
    found: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    misses: dict[str, list[str]] = defaultdict(list)
    noise: dict[str, list[str]] = defaultdict(list)
    for sample in samples:
        text = sample["full_text"]
        spans = to_characters(text, detector.findings(text.encode()))
        labels = [(s["start_position"], s["end_position"], s["entity_type"]) for s in sample["spans"]]
        for start, end, label in labels:
            if label not in TYPES:
                continue
            total[label] += 1
            own = [(a, b) for a, b, kind in spans if kind in TYPES[label]]
            same[label] += _covered(start, end, own) >= COVERED
            hit = _covered(start, end, [(a, b) for a, b, _ in spans]) >= COVERED
            any_type[label] += hit
            if not hit:
                misses[label].append(text[max(0, start - 30) : end + 20])
        for start, end, kind in spans:
            found[kind] += 1
            if not any(start < b and a < end for a, b, _ in labels):
                wrong[kind] += 1
                noise[kind].append(text[max(0, start - 30) : end + 20])
    return {
        "samples": len(samples),
        "recall": {
            label: {"labels": total[label], "own_type": same[label], "covered": any_type[label]}
            for label in sorted(total)
        },
        "findings": {kind: {"found": found[kind], "touching_no_label": wrong[kind]} for kind in sorted(found)},
        "misses": misses,
        "noise": noise,
    }


def _covered(start: int, end: int, spans: list[tuple[int, int]]) -> float:
    taken = {place for a, b in spans for place in range(max(a, start), min(b, end))}
    return len(taken) / max(1, end - start)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--misses", action="store_true", help="print what was missed, and what touched no label")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--least-rank", type=int, default=0, help="10 is what a running gate uses")
    arguments = parser.parse_args()
    result = score(json.loads(arguments.file.read_text("utf-8")), least_rank=arguments.least_rank)
    if arguments.json:
        json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
        return 0
    print(f"{'type':20} {'labels':>7} {'own type':>9} {'covered':>8} {'recall':>7}")
    for label, row in result["recall"].items():
        share = row["covered"] / row["labels"]
        print(f"{label:20} {row['labels']:7} {row['own_type']:9} {row['covered']:8} {share:7.3f}")
    print(f"\n{'finding':20} {'found':>7} {'no label':>9}")
    for kind, row in result["findings"].items():
        print(f"{kind:20} {row['found']:7} {row['touching_no_label']:9}")
    if arguments.misses:
        for title in ("misses", "noise"):
            for label, texts in result[title].items():
                print(f"\n-- {title}: {label}")
                for text in texts:
                    print("  ", repr(text))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
