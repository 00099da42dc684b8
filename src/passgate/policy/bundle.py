"""A bundle: ordered files and the packs they build on, compiled as one, with the hash that every decision carries."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from passgate.core.decision import Obligation
from passgate.policy.cel import nearest
from passgate.policy.definition import Definition
from passgate.policy.evaluator import RulePolicy
from passgate.policy.notes import notes_on
from passgate.policy.problems import BundleError, Place, Problem
from passgate.policy.reader import PackUse, PolicyFile, read_file
from passgate.policy.rule import Rule, compile_rule

_LANGUAGE = "passgate-policy/1"
"""Part of every version: the same text under another meaning of the language is another policy."""


_PACKS = "packs/"
_NAMED = Place("packs")
"""Where packs stand that no file names: in the configuration or on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """``version``: SHA-256 (hex) over the canonical form of its rules; comments and spacing are not in it."""

    rules: tuple[Rule, ...]
    version: str
    files: tuple[Path, ...] = ()

    def policy(self) -> RulePolicy:
        return RulePolicy(self.rules, self.version)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What loads, and may not be meant."""
        return tuple(sorted(notes_on(self.rules)))

    @property
    def unindexed(self) -> tuple[Rule, ...]:
        """Rules that every atom of every session is judged by, since nothing in them can be looked up."""
        return tuple(rule for rule in self.rules if not rule.indexed and rule.definition.when.strip() != "true")


def pack_names() -> tuple[str, ...]:
    folder = resources.files("passgate.policy") / "packs"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def load_bundle(files: Sequence[Path] = (), packs: Sequence[str] = ()) -> Bundle:
    """Packs first, then the files in order. Raises BundleError with every problem of all of them."""
    problems: list[Problem] = []
    uses = [PackUse(name=name, without=(), place=_NAMED) for name in packs]
    found: list[PolicyFile] = []
    for path in files:
        text = _read(path, problems)
        if text is not None:
            found.append(read_file(str(path), text, problems))
    for file in found:
        uses.extend(file.packs)
    definitions = [*_of_packs(uses, problems), *(d for file in found for d in file.definitions)]
    return _compiled(definitions, tuple(files), problems)


def load_text(text: str, name: str = "policy.yaml") -> Bundle:
    """One bundle held in a string. Raises BundleError."""
    problems: list[Problem] = []
    file = read_file(name, text, problems)
    return _compiled([*_of_packs(file.packs, problems), *file.definitions], (), problems)


def _read(path: Path, problems: list[Problem]) -> str | None:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        problems.append(Problem(Place(str(path)), f"cannot be read: {error.strerror or type(error).__name__}"))
    except UnicodeDecodeError as error:
        problems.append(Problem(Place(str(path)), f"is not UTF-8 at byte {error.start}"))
    return None


def _of_packs(uses: Iterable[PackUse], problems: list[Problem]) -> list[Definition]:
    """Each pack once, however often it is named. All mentions leave out the same: whichever of two would count, one would be
    read by somebody who takes it for what is in force."""
    known = pack_names()
    without: dict[str, list[PackUse]] = {}
    for use in uses:
        if use.name not in known:
            remedy = nearest(use.name, known) or f"use one of {', '.join(known)}"
            problems.append(Problem(use.place, f"there is no pack {use.name!r}", remedy))
        else:
            without.setdefault(use.name, []).append(use)
    definitions: list[Definition] = []
    for name, mentions in without.items():
        text = (resources.files("passgate.policy") / "packs" / f"{name}.yaml").read_text("utf-8")
        pack = read_file(f"{_PACKS}{name}.yaml", text, problems)
        ids = [definition.id for definition in pack.definitions]
        left_out = set(mentions[0].without)
        for mention in mentions:
            if set(mention.without) != left_out:
                problems.append(_disagreement(mentions[0], mention))
            for stranger in set(mention.without) - set(ids):
                problem = Problem(mention.place, f"pack {name} has no rule {stranger!r}", nearest(stranger, ids))
                problems.append(problem)
        definitions.extend(definition for definition in pack.definitions if definition.id not in left_out)
    return definitions


def _compiled(definitions: Sequence[Definition], files: tuple[Path, ...], problems: list[Problem]) -> Bundle:
    rules: list[Rule] = []
    seen: dict[str, Definition] = {}
    for definition in definitions:
        if definition.id in seen:
            problems.append(_twice(seen[definition.id], definition))
        seen.setdefault(definition.id, definition)
        rule = compile_rule(definition, len(rules), problems)
        if rule is not None:
            rules.append(rule)
    if not problems and not rules:
        place = Place(str(files[0]) if files else "policy")
        problems.append(
            Problem(place, "the bundle has no rules", "add rules, or build on a pack: packs: [postgres-safe]")
        )
    if problems:
        raise BundleError(problems)
    return Bundle(rules=tuple(rules), version=_version(definitions), files=files)


def _disagreement(first: PackUse, other: PackUse) -> Problem:
    at = "policy.packs or --pack" if first.place == _NAMED else str(first.place)
    said = f"where it leaves out {_listed(first.without)}, not {_listed(other.without)}"
    return Problem(
        other.place,
        f"pack {first.name} is named at {at} too, {said}",
        "name it in one place only, or leave out the same in both",
    )


def _twice(first: Definition, second: Definition) -> Problem:
    if first.place == second.place:
        return Problem(second.place, f"rule {second.id} is repeated by an alias", "write it out, with an id of its own")
    remedy = "give it an id of its own"
    if first.source.startswith(_PACKS):
        pack = first.source.removeprefix(_PACKS).removesuffix(".yaml")
        remedy = f"to replace the pack's, write packs: [{{pack: {pack}, without: [{first.id}]}}]"
    elif second.id.startswith("protect:"):
        remedy = "say it in one line, or give the line an id: of its own"
    return Problem(second.place, f"rule {second.id} stands at {first.place} already", remedy)


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing"


def _version(definitions: Iterable[Definition]) -> str:
    canonical = [_LANGUAGE, *(_canonical(definition) for definition in definitions)]
    encoded = json.dumps(canonical, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(encoded.encode()).hexdigest()


def _canonical(definition: Definition) -> dict[str, object]:
    then = definition.then
    return {
        "id": definition.id,
        "when": definition.when,
        "outcome": then.outcome,
        "mask": None if then.mask is None else dataclasses.asdict(then.mask),
        "obligations": [_canonical_obligation(obligation) for obligation in then.obligations],
        "approvers": dataclasses.asdict(definition.approvers),
        "incomplete": definition.incomplete,
        "message": definition.message,
        "hint": definition.hint,
    }


def _canonical_obligation(obligation: Obligation) -> dict[str, object]:
    fields = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in dataclasses.asdict(obligation).items()
    }
    return {"kind": type(obligation).__name__, **fields}
