"""Reads ``then:`` and ``approvers:``: the outcome, the obligations, and who may turn a hold into an allow."""

from collections.abc import Iterator
from datetime import timedelta

from ruamel.yaml.nodes import Node

from passgate.core.decision import (
    DEFAULT_APPROVERS,
    Approvers,
    LimitRows,
    MaxRows,
    Notify,
    Obligation,
    Outcome,
    PreviewMode,
    ReadOnly,
    Record,
    Scan,
    Strategy,
    StrategyKind,
    Tag,
)
from passgate.policy.cel import EvaluationError, duration
from passgate.policy.definition import Then
from passgate.policy.document import Document, is_list, is_mapping, is_text

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_RECORD_MODES = ("strict", "hold-response")
_SCAN_CLASSES = ("pii", "secret")
_FORMS = ("mask", "max_rows", "limit", "notify", "record", "tag", "scan")
_ONCE = frozenset(_FORMS) - {"notify", "tag"}
"""Of two in one rule one would stand for nothing, and which of them is a matter of taste."""
_STRATEGY_KEYS = ("strategy", "keep_first", "keep_last", "label")
_PARTIAL_KEEPS = 4
"""Characters that ``partial`` leaves at the end where the rule does not say."""

_LONGEST_HOLD = timedelta(days=7)
_WORDS = (*sorted(_OUTCOMES), "read_only")
_CHOICES = (*_WORDS, *_FORMS)


def read_then(document: Document, node: Node, rule: str) -> Then:
    """``allow``, ``deny``, ``hold``, ``read_only``, a mapping of obligations, or a list of those with one outcome at most."""
    outcome: Outcome | None = None
    mask: Strategy | None = None
    obligations: list[Obligation] = []
    said: set[str] = set()
    before = document.problems
    for part in document.items(node, "then") if is_list(node) else [node]:
        if is_text(part):
            word = document.choice(part, "then", _WORDS)
            said.add(word or "")
            if word == "read_only":
                obligations.append(ReadOnly(rule=rule))
            elif word is not None and outcome is not None:
                document.report(part, f"then has two outcomes, {outcome.value} and {word}", "write two rules")
            elif word is not None:
                outcome = _OUTCOMES[word]
            continue
        for form, value in _forms(document, part, said):
            said.add(form)
            if form == "mask":
                mask = read_strategy(document, value)
            elif (obligation := _obligation(document, form, value, rule)) is not None:
                obligations.append(obligation)
    if not said and document.problems == before:
        document.report(node, "then says nothing, so the rule would do nothing", f"use one of {', '.join(_CHOICES)}")
    if outcome is Outcome.DENY and (mask or any(not isinstance(o, Notify | Tag | Record) for o in obligations)):
        document.report(node, "nothing passes a deny, so nothing of it can be masked or limited")
    return Then(outcome=outcome, mask=mask, obligations=tuple(obligations))


def _forms(document: Document, part: Node, said: set[str]) -> Iterator[tuple[str, Node]]:
    """The obligations of one mapping; what is none is a problem. ``said``: the forms that came before."""
    if not is_mapping(part):
        document.report(part, "then is a word, a mapping or a list of those", f"use one of {', '.join(_CHOICES)}")
        return
    for form, value in document.mapping(part, "then", _CHOICES).items():
        if form in _WORDS:
            document.report(value, f"{form} takes no value", f"write {form} by itself: then: [{form}, ...]")
        elif form in said and form in _ONCE:
            document.report(value, f"then says {form} twice", "keep the stricter one, or write two rules")
        else:
            yield form, value


def read_strategy(document: Document, node: Node) -> Strategy | None:
    given = document.mapping(node, "mask", _STRATEGY_KEYS)
    if "strategy" not in given:
        document.report(node, "mask needs a strategy", f"use one of {', '.join(StrategyKind)}")
        return None
    word = document.choice(given["strategy"], "strategy", [kind.value for kind in StrategyKind])
    if word is None:
        return None
    kind = StrategyKind(word)
    first = document.integer(given.get("keep_first"), "keep_first", least=0)
    last = document.integer(given.get("keep_last"), "keep_last", least=0)
    if kind is not StrategyKind.PARTIAL and (first is not None or last is not None):
        document.report(node, f"keep_first and keep_last belong to partial, not to {kind}")
    if kind is StrategyKind.PARTIAL and first is None and last is None:
        last = _PARTIAL_KEEPS
    label = document.name(given.get("label"), "label") or ""
    return Strategy(kind=kind, keep_first=first or 0, keep_last=last or 0, label=label)


def _obligation(document: Document, form: str, value: Node, rule: str) -> Obligation | None:
    match form:
        case "max_rows":
            rows = document.integer(value, form, least=0)
            return None if rows is None else MaxRows(limit=rows, rule=rule)
        case "limit":
            rows = document.integer(value, form, least=1)
            return None if rows is None else LimitRows(limit=rows, rule=rule)
        case "notify":
            channel = document.name(value, form)
            return Notify(channel=channel, rule=rule) if channel else None
        case "record":
            mode = document.choice(value, form, _RECORD_MODES)
            return Record(mode=mode, rule=rule) if mode else None
        case "tag":
            tag = document.name(value, form)
            return Tag(tag=tag, rule=rule) if tag else None
    items = document.items(value, form)
    if is_list(value) and not items:
        document.report(value, "scan looks for nothing", f"use one of {', '.join(_SCAN_CLASSES)}")
    classes = [document.choice(item, "scan", _SCAN_CLASSES) for item in items]
    return Scan(classes=frozenset(name for name in classes if name), rule=rule) if classes else None


def read_approvers(document: Document, node: Node) -> Approvers:
    given = document.mapping(node, "approvers", ("group", "count", "expires", "preview"))
    group = document.name(given.get("group"), "group") or DEFAULT_APPROVERS.group
    count = document.integer(given.get("count"), "count", least=1) or DEFAULT_APPROVERS.count
    seconds = DEFAULT_APPROVERS.expires_seconds
    expires = document.text(given.get("expires"), "expires")
    if expires is not None:
        try:
            wanted = duration(expires)
        except EvaluationError as error:
            document.report(given["expires"], str(error), "the units are h, m and s; a day is 24h")
        else:
            if not timedelta(seconds=1) <= wanted <= _LONGEST_HOLD:
                document.report(
                    given["expires"], f"a hold waits from 1s to {_LONGEST_HOLD.days * 24}h, not {expires[:40]}"
                )
            seconds = int(wanted.total_seconds())
    preview = DEFAULT_APPROVERS.preview
    if "preview" in given:
        word = document.choice(given["preview"], "preview", [mode.value for mode in PreviewMode])
        preview = PreviewMode(word) if word is not None else preview
    return Approvers(group=group, count=count, expires_seconds=seconds, preview=preview)
