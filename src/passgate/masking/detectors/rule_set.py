"""The rules in force: ours from the tables in ``rules/``, and the operator's own."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from importlib.resources import files

from passgate.core.errors import ConfigError
from passgate.core.finding import FindingClass
from passgate.masking.detectors.rule import CompiledRule, Rule, compile_rule

_MASKED = (FindingClass.PII, FindingClass.SECRET)
"""Classes of what is masked where it is found."""

_COLUMNS = ("id", "label", "rank", "pattern", "anchors", "validator", "edge", "context", "tail", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """``fingerprint``: SHA-256 over everything that decides what is found; part of the cache's key and of the ledger's record."""

    rules: tuple[CompiledRule, ...]
    fingerprint: str


def build_rule_set(rules: Sequence[Rule]) -> RuleSet:
    """Compile and check every rule. Raises ConfigError naming the first that is not fit for use, or named twice."""
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise ConfigError(f"rule {rule.id}: the id is used twice")
        seen.add(rule.id)
    return RuleSet(rules=tuple(compile_rule(rule) for rule in rules), fingerprint=fingerprint_of(rules))


def fingerprint_of(rules: Sequence[Rule]) -> str:
    return hashlib.sha256(repr([astuple(rule) for rule in rules]).encode()).hexdigest()


def built_in_rules() -> tuple[Rule, ...]:
    """The tables that ship with Passgate: ``rules/pii/*.tsv`` and ``rules/secret/*.tsv``."""
    rules: list[Rule] = []
    for class_ in _MASKED:
        folder = files(__package__).joinpath("rules", class_.value)
        for table in sorted(folder.iterdir(), key=lambda entry: entry.name):
            if table.name.endswith(".tsv"):
                rules.extend(parse_table(table.read_text("utf-8"), class_, table.name))
    return tuple(rules)


def parse_table(text: str, class_: FindingClass, name: str) -> list[Rule]:
    """One rule per line, columns by tab, lists by ``|``. Blank lines and lines that start with ``#`` say nothing.

    Raises ConfigError naming file and line.
    """
    rules: list[Rule] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS):
            raise ConfigError(f"{name}:{number}: {len(cells)} columns, not {len(_COLUMNS)}")
        if tuple(cells) == _COLUMNS:
            continue
        row = dict(zip(_COLUMNS, cells, strict=True))
        if not row["rank"].isdigit():
            raise ConfigError(f"{name}:{number}: rank {row['rank']!r} is not a number")
        rules.append(
            Rule(
                id=row["id"],
                class_=class_,
                label=row["label"],
                rank=int(row["rank"]),
                pattern=row["pattern"],
                anchors=_list(row["anchors"]),
                validator=row["validator"],
                edge=row["edge"],
                context=_list(row["context"]),
                tail=row["tail"],
                note=row["note"],
            )
        )
    return rules


def _list(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()
