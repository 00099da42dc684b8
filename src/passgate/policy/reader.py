"""Reads one bundle file into definitions: ``packs``, ``protect`` and ``rules``."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ruamel.yaml.nodes import Node

from passgate.core.decision import DEFAULT_APPROVERS, Outcome
from passgate.policy.consequence import read_approvers, read_then
from passgate.policy.definition import Definition, Then
from passgate.policy.document import Document, is_mapping, is_text
from passgate.policy.evaluator import RESERVED_IDS
from passgate.policy.problems import Place, Problem
from passgate.policy.protect import read_protection
from passgate.policy.samples import read_samples

_FILE_KEYS = ("description", "packs", "protect", "rules")
_RULE_KEYS = ("id", "when", "then", "message", "hint", "approvers", "incomplete", "match", "not_match")
_ID = re.compile(r"[a-z0-9][a-z0-9._/-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackUse:
    """A pack that a file builds on; ``without``: ids of its rules that are left out."""

    name: str
    without: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    packs: tuple[PackUse, ...] = ()
    definitions: tuple[Definition, ...] = ()


def read_file(name: str, text: str, problems: list[Problem]) -> PolicyFile:
    """What a file holds; everything that is wrong with it goes to ``problems``."""
    document = Document(name, text, problems)
    given = document.mapping(document.root, "a policy file", _FILE_KEYS)
    document.text(given.get("description"), "description")
    definitions: list[Definition] = []
    for node in document.items(given.get("protect"), "protect"):
        definitions.extend(read_protection(document, node, name))
    for node in document.items(given.get("rules"), "rules"):
        rule = _read_rule(document, node, name)
        if rule is not None:
            definitions.append(rule)
    packs = tuple(_read_pack(document, node) for node in document.items(given.get("packs"), "packs"))
    return PolicyFile(packs=packs, definitions=tuple(definitions))


def _read_pack(document: Document, node: Node) -> PackUse:
    if is_text(node):
        return PackUse(name=document.text(node, "a pack") or "", without=(), place=document.place(node))
    given = document.mapping(node, "a pack", ("pack", "without"))
    if is_mapping(node) and "pack" not in given:
        document.report(node, "a pack needs a name", "write {pack: postgres-safe, without: [...]}")
    return PackUse(
        name=document.text(given.get("pack"), "pack") or "",
        without=document.texts(given.get("without"), "without"),
        place=document.place(node),
    )


def _read_rule(document: Document, node: Node, source: str) -> Definition | None:
    given = document.mapping(node, "a rule", _RULE_KEYS)
    missing = [key for key in ("id", "when", "then") if key not in given]
    if is_mapping(node) and missing:
        document.report(node, f"a rule needs {' and '.join(missing)}", "write {id: ..., when: ..., then: ...}")
    rule_id = document.text(given.get("id"), "id")
    when = document.text(given.get("when"), "when")
    if rule_id is not None and not _ID.fullmatch(rule_id):
        document.report(given["id"], f"{rule_id!r} is not an id", "use lower-case letters, digits and . _ / -")
    if rule_id in RESERVED_IDS:
        document.report(given["id"], f"{rule_id} is an id of the gate's own")
    then = read_then(document, given["then"], rule_id or "") if "then" in given else Then()
    approvers = read_approvers(document, given["approvers"]) if "approvers" in given else DEFAULT_APPROVERS
    incomplete = Outcome(document.choice(given.get("incomplete"), "incomplete", list(Outcome)) or Outcome.DENY)
    if "incomplete" in given and then.outcome not in (Outcome.ALLOW, Outcome.HOLD):
        document.report(given["incomplete"], "only a rule that grants can say what its grant is worth")
    if "approvers" in given and Outcome.HOLD not in (then.outcome, incomplete):
        document.report(given["approvers"], "approvers belong to a hold")
    matches = read_samples(document, given.get("match"), "match", holds=True)
    others = read_samples(document, given.get("not_match"), "not_match", holds=False)
    message = document.sentence(given.get("message"), "message")
    hint = document.sentence(given.get("hint"), "hint")
    if rule_id is None or when is None:
        return None
    return Definition(
        id=rule_id,
        when=when,
        then=then,
        place=document.place(node),
        source=source,
        place_in=_finder(document, given["when"]),
        approvers=approvers,
        incomplete=incomplete,
        message=message.strip(),
        hint=hint.strip(),
        samples=matches + others,
    )


def _finder(document: Document, node: Node) -> Callable[[int], Place]:
    return lambda offset: document.place_in(node, offset)
