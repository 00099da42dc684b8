"""What somebody asks a pass for, read from the words they used and held against what may be issued."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.spelling import did_you_mean

_SUBJECT = re.compile(r"[\w.@+/=-]{1,200}")
MAX_CHAIN = 4
"""A human, an agent, a sub-agent and one more."""

_TASK = re.compile(r"[\w.@+/=:-]{1,300}")
_OWN_TASK = re.compile(r"[\w.-]{1,80}", re.ASCII)
_MAX_PURPOSE = 500
_MAX_TICKET = 100
_DOLLARS = re.compile(r"\$?([0-9]{1,12})(?:\.([0-9]{1,6}))?")
_MOST = 10**15
"""Of a budget: a billion dollars, a thousand million million tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRequest:
    """``ttl`` None: the default. ``budget`` None: no ceilings. ``parent``: the live pass that it is delegated from, whose task it
    shares, or a sub-agent would begin with a clean slate. ``until``: it ends then at the latest. ``task``: whose facts it shares;
    None makes it a task by itself."""

    principal: Principal
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    purpose: str
    ticket: str | None = None
    ttl: timedelta | None = None
    budget: Budget | None = None
    parent: Pass | None = None
    until: datetime | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingRules:
    """``resources``: the names that exist; ``models``: those of them that are models, which a budget is about. ``max_chain``: how
    many may stand in a delegation chain, the first and the last included."""

    resources: frozenset[str]
    default_ttl: timedelta
    max_ttl: timedelta
    models: frozenset[str] = frozenset()
    max_chain: int = MAX_CHAIN

    def ttl(self, request: PassRequest) -> timedelta:
        """How long the pass asked for lives. Raises PassRequestError that names everything wrong with the request."""
        problems = [*self._about_who(request), *self._about_what(request)]
        if request.parent is not None:
            problems += self._about_parent(request, request.parent)
        ttl = request.ttl if request.ttl is not None else min(self.default_ttl, self.max_ttl)
        if ttl <= timedelta(0):
            problems.append("the time to live must be longer than zero")
        if ttl > self.max_ttl:
            problems.append(f"the time to live is {written(ttl)}, but the maximum is {written(self.max_ttl)}")
        if problems:
            raise PassRequestError("The pass cannot be issued: " + "; ".join(problems))
        return ttl

    def _about_who(self, request: PassRequest) -> Iterable[str]:
        principal, behalf = request.principal, request.principal.on_behalf_of
        if principal.kind is PrincipalKind.AGENT and behalf is None:
            yield f"the agent {principal.subject} must name the human or the owner it acts for (--on-behalf-of)"
        if behalf is not None and behalf.kind is PrincipalKind.AGENT and request.parent is None:
            yield f"nobody acts on behalf of an agent: name the human or the owner behind {behalf}"

    def _about_parent(self, request: PassRequest, parent: Pass) -> Iterable[str]:
        """Each link only narrows. How long it may live is the caller's to bound: only it knows what time it is."""
        links = request.principal.links()
        if request.principal.kind is not PrincipalKind.AGENT:
            yield f"passes are delegated to agents, and {request.principal} is none"
        if request.principal.on_behalf_of != parent.principal:
            yield f"it must act on behalf of {parent.principal}, whose pass it is delegated from"
        if any(request.principal.is_same(other) for other in links[1:]):
            yield f"{request.principal} stands in the chain already: nobody delegates to itself, nor back"
        if len(links) > self.max_chain:
            yield f"the chain would have {len(links)} links, and {self.max_chain} is the most (identity.max_chain)"
        beyond = sorted(request.resources - parent.resources)
        if beyond:
            yield f"the pass {parent.id} does not open {', '.join(beyond)}"
        wider = sorted(request.verbs - parent.verbs)
        if wider:
            yield f"the pass {parent.id} does not cover {', '.join(wider)}"
        if parent.budget is not None and (request.budget is None or not request.budget.is_within(parent.budget)):
            yield f"its budget must be within that of the pass {parent.id}"

    def _about_what(self, request: PassRequest) -> Iterable[str]:
        if not request.resources:
            yield "it names no resource"
        for unknown in sorted(request.resources - self.resources):
            known = ", ".join(sorted(self.resources)) or "none"
            yield f"there is no resource {unknown!r}{did_you_mean(unknown, self.resources)}; known: {known}"
        if not request.verbs:
            yield "it names no verb"
        inherited = request.parent is not None and request.parent.budget is not None
        if request.budget is not None and not inherited and not request.resources & self.models:
            yield "it has a budget, which counts calls to models, and opens no model"
        if request.task is not None and _TASK.fullmatch(request.task) is None:
            yield f"{request.task[:80]!r} is no name of a task: 1 to 300 letters, digits and . @ _ + / = : -"
        if not request.purpose.strip():
            yield "it states no purpose"
        for name, text, most in (
            ("purpose", request.purpose, _MAX_PURPOSE),
            ("ticket", request.ticket or "", _MAX_TICKET),
        ):
            if len(text) > most:
                yield f"the {name} is longer than {most} characters"
            if not text.isprintable():
                yield f"the {name} holds characters that cannot be printed"


def parse_principal(text: str, *, groups: Iterable[str] = (), on_behalf_of: str | None = None) -> Principal:
    """``agent:reporter``, ``human:ada@example.com``, ``service:billing``. Raises PassRequestError."""
    kind, colon, subject = text.partition(":")
    kinds = [k.value for k in PrincipalKind]
    if not colon:
        raise PassRequestError(
            f"{text!r} does not say what it is: write one of {', '.join(f'{k}:{text}' for k in kinds)}"
        )
    if kind not in kinds:
        raise PassRequestError(
            f"{kind!r} is not a kind of principal{did_you_mean(kind, kinds)}; known: {', '.join(kinds)}"
        )
    return Principal(
        kind=PrincipalKind(kind),
        subject=_subject(subject),
        groups=frozenset(_subject(group) for group in groups),
        on_behalf_of=None if on_behalf_of is None else parse_owner(on_behalf_of),
    )


def parse_owner(text: str) -> Principal:
    """Whom somebody acts for: ``user@example.com`` is a human; ``service:billing`` says otherwise. Raises PassRequestError."""
    return parse_principal(text if ":" in text else f"{PrincipalKind.HUMAN}:{text}")


def parse_verbs(words: Iterable[str]) -> frozenset[VerbClass]:
    """Each word may hold several, parted by commas: ``read,write``. Raises PassRequestError."""
    verbs: set[VerbClass] = set()
    known = [verb.value for verb in VerbClass]
    for word in ",".join(words).split(","):
        verb = word.strip().lower()
        if not verb:
            continue
        if verb not in known:
            raise PassRequestError(f"{verb!r} is not a verb{did_you_mean(verb, known)}; known: {', '.join(known)}")
        verbs.add(VerbClass(verb))
    return frozenset(verbs)


def parse_budget(*, requests: int | None = None, tokens: int | None = None, cost: str | None = None) -> Budget | None:
    """``cost``: US dollars, ``2.50``. None where no ceiling is given. Raises PassRequestError."""
    microdollars = None if cost is None else _microdollars(cost)
    ceilings = (("requests", requests), ("tokens", tokens), ("cost", microdollars))
    for name, ceiling in ceilings:
        if ceiling is not None and not 1 <= ceiling <= _MOST:
            raise PassRequestError(f"the budget's {name} must be more than nothing, and at most {_MOST:,}")
    if requests is None and tokens is None and microdollars is None:
        return None
    return Budget(requests=requests, tokens=tokens, microdollars=microdollars)


def own_task(principal: Principal, name: str) -> str:
    """The task of that name of whoever is behind ``principal``. Who asks for a pass themselves can name none of anybody else's:
    they would learn of its facts, and could set some. Raises PassRequestError."""
    if _OWN_TASK.fullmatch(name) is None:
        raise PassRequestError(f"{name[:80]!r} is no name of a task: 1 to 80 letters, digits and . _ -")
    behind = principal
    while behind.on_behalf_of is not None:
        behind = behind.on_behalf_of
    return f"{behind}/{name}"


def _microdollars(text: str) -> int:
    found = _DOLLARS.fullmatch(text)
    if found is None:
        raise PassRequestError(f"{text[:40]!r} is not an amount of US dollars: write 2.50, to the millionth at most")
    return int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0"))


def _subject(text: str) -> str:
    if _SUBJECT.fullmatch(text) is None:
        raise PassRequestError(f"{text[:80]!r} is not a name: 1 to 200 letters, digits and . @ _ + / = -")
    return text


def written(ttl: timedelta) -> str:
    seconds = round(ttl.total_seconds())
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
