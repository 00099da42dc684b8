"""Judges actions by one bundle: every atom by every rule, the strictest result is the action's.

1. An atom is granted by an ``allow`` or a ``hold`` rule; without a grant it is denied. Deny is stricter than hold, hold than allow.
2. The action itself is judged like an atom where none of its atoms bears its verb: ``SELECT 1`` needs a grant too.
3. An action that was not fully understood is denied, but for grants that say what they are worth then (``incomplete:``).
4. A condition without a value denies. Obligations of every rule that fired apply, and never grant.
5. Whoever acts for others is judged as each of them too, and the strictest result counts. Those whose passes it was delegated from
   need grants as it does; of an owner who holds none only what denies, holds or obliges counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from passgate.core.action import Action, Atom, ObjectRef, Position, VerbClass
from passgate.core.decision import Approvers, Decision, Outcome, PreviewMode
from passgate.core.finding import Finding, FindingClass
from passgate.core.passes import Pass
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.policy import wording
from passgate.policy.attributes import Moment
from passgate.policy.cel import EvaluationError
from passgate.policy.obligations import merged, shows
from passgate.policy.rule import Rule
from passgate.policy.view import FAILURES, WEIGHT, Candidate, Link, Tables, features, others, personal, state, tables

DEFAULT_DENY = "default-deny"
NOT_UNDERSTOOD = "not-understood"
ERROR = "error"
RESERVED_IDS = frozenset({DEFAULT_DENY, NOT_UNDERSTOOD, ERROR})

_UNGRANTED = Outcome.DENY.rank * WEIGHT + 1
"""Weight of an atom that nothing grants: a deny, and any rule that denies says more."""

_KEPT = 4096
"""Sessions, views and allows remembered: the gate serves about a thousand sessions a process."""

Fired = tuple[Rule, Atom]
_Masked = tuple[tuple[str, str, str] | None, ...]
"""For each rule with a mask that fired, what it masks: namespace, object, column; None where there is nothing to mask."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomVerdict:
    """What the rules said of one atom. ``rule`` is None where nothing granted it; ``failed``: why a condition had no value."""

    atom: Atom
    outcome: Outcome
    rule: Rule | None
    fired: tuple[Rule, ...]
    failed: str = ""


class _RuleError(Exception):
    """A rule's condition had no value."""

    def __init__(self, rule: Rule, atom: Atom, cause: Exception) -> None:
        known = isinstance(cause, EvaluationError)
        super().__init__(str(cause) if known else type(cause).__name__)
        self.rule = rule
        self.atom = atom


class RulePolicy:
    """One bundle in force (the pipeline's ``Policy``). Pure and total; what it remembers only saves time."""

    def __init__(self, rules: Sequence[Rule], version: str) -> None:
        self.rules = tuple(rules)
        self._version = version
        self._personal = personal(self.rules)
        self._stable = not any(rule.volatile for rule in self.rules)
        self._sessions: dict[int, tuple[Session, Pass, Resource, tuple[Link, ...]]] = {}
        self._views: dict[bytes, Tables] = {}
        self._masked: dict[tuple[int, ...], bool] = {}
        self._decisions: dict[tuple[tuple[int, ...], _Masked], Decision] = {}

    @property
    def version(self) -> str:
        return self._version

    @property
    def stable(self) -> bool:
        return self._stable

    def decide(self, action: Action, session: Session) -> Decision:
        fired: list[Fired] = []
        parts: list[int] = []  # where in ``fired`` each one's own begins, for an action with gaps
        heaviest, rule, decisive = 0, None, None
        try:
            atoms = judged_atoms(action)
            moment = Moment(action, session, atoms[0])
            for link in self._links(session, moment):
                if not action.complete and link.holds:
                    parts.append(len(fired))
                moment.principal = link.principal
                for atom in atoms:
                    moment.atom = atom
                    weight, found = _judge(link, moment, fired)
                    if weight > heaviest:
                        heaviest, rule, decisive = weight, found, atom
        except _RuleError as error:
            return self._failed(error)
        assert decisive is not None  # noqa: S101 - there is always an atom, and none weighs nothing
        outcome = _outcome(heaviest)
        if not action.complete and outcome is not Outcome.DENY:
            for begin, end in pairwise([*parts, len(fired)]):
                outcome, rule = _incomplete(atoms, fired[begin:end], outcome, rule)
            if outcome is Outcome.DENY:
                return self._not_understood(action, fired)
        elif not action.complete and rule is None:
            return self._not_understood(action, fired)
        if outcome is Outcome.ALLOW:
            return self._allowed(rule if decisive.verb == action.verb else _granting(fired, action.verb, rule), fired)
        if outcome is Outcome.HOLD:
            return self._held(rule, decisive, fired, session)
        return self._denied(action, session, rule, decisive, fired)

    def judge(self, action: Action, session: Session) -> tuple[AtomVerdict, ...]:
        """The same, atom by atom, for people to read."""
        verdicts: list[AtomVerdict] = []
        for atom in judged_atoms(action):
            moment = Moment(action, session, atom)
            fired: list[Fired] = []
            try:
                weight, rule = self._judge_chain(session, moment, fired)
                failed = ""
            except _RuleError as error:
                weight, rule, failed = _UNGRANTED, error.rule, str(error)
            rules = sorted({r.order: r for r, _ in fired}.items())
            verdicts.append(
                AtomVerdict(
                    atom=atom, outcome=_outcome(weight), rule=rule, fired=tuple(r for _, r in rules), failed=failed
                )
            )
        return tuple(verdicts)

    # -- the rules that concern a session ----------------------------------------------------------------------------

    def _links(self, session: Session, moment: Moment) -> tuple[Link, ...]:
        """Everybody of the session's chain of whom the rules may say something of their own; the first always."""
        known = self._sessions.get(id(session))
        if known is not None and known[0] is session and known[1] is session.pass_ and known[2] is session.resource:
            return known[3]
        first = state(self.rules, moment)
        found = [Link(principal=session.principal, tables=self._view(first), holds=True)]
        for place, principal in enumerate(session.principal.links()[1:], 1):
            moment.principal = principal
            holds = place <= len(session.pass_.ancestors)
            states = others(self._personal, first, moment, holds=holds)
            if states is not None:
                found.append(Link(principal=principal, tables=self._view(states), holds=holds))
        links = tuple(found)
        _remember(self._sessions, id(session), (session, session.pass_, session.resource, links))
        return links

    def _view(self, states: bytes) -> Tables:
        view = self._views.get(states)
        if view is None:
            view = tables(self.rules, states)
            _remember(self._views, states, view)
        return view

    def _judge_chain(self, session: Session, moment: Moment, fired: list[Fired]) -> tuple[int, Rule | None]:
        """The strictest of what everybody's rules say of one atom. Raises _RuleError."""
        heaviest, rule = 0, None
        for link in self._links(session, moment):
            moment.principal = link.principal
            weight, found = _judge(link, moment, fired)
            if weight > heaviest:
                heaviest, rule = weight, found
        return heaviest, rule

    # -- decisions ---------------------------------------------------------------------------------------------------

    def _allowed(self, rule: Rule | None, fired: list[Fired]) -> Decision:
        """The same rules give the same decision, but for the columns that are masked."""
        assert rule is not None  # noqa: S101 - nothing is allowed without a grant
        orders = (rule.order, *[found.order for found, _ in fired])
        masked = self._masked.get(orders)
        if masked is None:
            masked = any(found.definition.then.mask for found, _ in fired)
            _remember(self._masked, orders, masked)
        columns: _Masked = ()
        if masked:
            columns = tuple(
                [
                    (a.object.namespace, a.object.name, a.column) if shows(a) else None
                    for found, a in fired
                    if found.definition.then.mask
                ]
            )
        known = self._decisions.get((orders, columns))
        if known is not None:
            return known
        decision = Decision(
            outcome=Outcome.ALLOW,
            rule=rule.id,
            reason=f"Allowed by rule {rule.id}.",
            hint="",
            policy_version=self._version,
            obligations=merged(fired),
            fired=_ids(fired),
        )
        _remember(self._decisions, (orders, columns), decision)
        return decision

    def _held(self, rule: Rule | None, atom: Atom, fired: list[Fired], session: Session) -> Decision:
        assert rule is not None  # noqa: S101 - a hold is a grant
        approvers = _approvers(fired)
        text = rule.definition
        resource = session.resource.name
        return Decision(
            outcome=Outcome.HOLD,
            rule=rule.id,
            reason=wording.filled(text.message, atom, resource) if text.message else wording.hold_reason(rule.id, atom),
            hint=wording.filled(text.hint, atom, resource) if text.hint else wording.hold_hint(approvers),
            policy_version=self._version,
            obligations=merged(fired),
            fired=_ids(fired),
            approvers=approvers,
        )

    def _denied(self, action: Action, session: Session, rule: Rule | None, atom: Atom, fired: list[Fired]) -> Decision:
        resource = session.resource.name
        if rule is None:
            name, reason, hint = DEFAULT_DENY, wording.ungranted_reason(atom), ""
        else:
            text = rule.definition
            name = rule.id
            reason = wording.filled(text.message, atom, resource) if text.message else wording.deny_reason(name, atom)
            hint = wording.filled(text.hint, atom, resource)
        return Decision(
            outcome=Outcome.DENY,
            rule=name,
            reason=reason,
            hint=hint or self._nearest(action, session, atom),
            policy_version=self._version,
            obligations=merged(fired),
            fired=_ids(fired),
        )

    def _nearest(self, action: Action, session: Session, atom: Atom) -> str:
        """The nearest thing that would be allowed, found by asking: the same without what was denied, or with its rows named."""
        if action.findings:
            for without in (*FindingClass, None):
                cleaned, taken = _without(action, without)
                if taken and self._outcome(cleaned, session) is not Outcome.DENY:
                    return wording.findings_hint(taken)
        writes = atom.verb_class is VerbClass.WRITE and not atom.key_pinned
        if writes and atom.position in (Position.NONE, Position.TARGET) and atom.object.kind == "relation":
            for key in (False, True):
                twin = replace(atom, where_effective=True, key_pinned=key)
                if self._outcome_of(action, session, twin) is not Outcome.DENY:
                    return wording.where_hint(atom, key=key)
        if atom.column and atom.object.kind != "finding":
            denied = [verdict.atom for verdict in self.judge(action, session) if verdict.outcome is Outcome.DENY]
            return wording.columns_hint(denied)
        return wording.object_hint(atom)

    def _outcome(self, action: Action, session: Session) -> Outcome:
        return max((verdict.outcome for verdict in self.judge(action, session)), key=lambda outcome: outcome.rank)

    def _outcome_of(self, action: Action, session: Session, atom: Atom) -> Outcome:
        moment = Moment(action, session, atom)
        try:
            return _outcome(self._judge_chain(session, moment, [])[0])
        except _RuleError:
            return Outcome.DENY

    def _not_understood(self, action: Action, fired: list[Fired]) -> Decision:
        return Decision(
            outcome=Outcome.DENY,
            rule=NOT_UNDERSTOOD,
            reason=wording.gaps_reason(action),
            hint=wording.gaps_hint(action),
            policy_version=self._version,
            obligations=merged(fired),
            fired=_ids(fired),
        )

    def _failed(self, error: _RuleError) -> Decision:
        return Decision(
            outcome=Outcome.DENY,
            rule=ERROR,
            reason=f"Rule {error.rule.id} could not be judged for {wording.described(error.atom)}: {error}.",
            hint=wording.error_hint(),
            policy_version=self._version,
            fired=(error.rule.id,),
        )


def _without(action: Action, class_: FindingClass | None) -> tuple[Action, list[Finding]]:
    """The action as it would be without its findings of one class (None: of all), and what was taken out of it."""
    findings = action.findings or ()
    taken = [finding for finding in findings if class_ in (None, finding.class_)]
    gone = {(finding.class_.value, finding.type, finding.field.value) for finding in taken}
    atoms = [
        atom
        for atom in action.atoms
        if atom.object.kind != "finding" or (atom.object.namespace, atom.object.name, atom.column) not in gone
    ]
    left = tuple(finding for finding in findings if finding not in taken)
    return replace(action, atoms=tuple(atoms), findings=left), taken


def _granting(fired: list[Fired], verb: str, otherwise: Rule | None) -> Rule | None:
    """Every atom was granted; the rule to name is the one that granted what the action is for (the update, not its reads)."""
    for rule, atom in fired:
        if atom.verb == verb and rule.definition.then.outcome is Outcome.ALLOW:
            return rule
    return otherwise


def _incomplete(
    atoms: Sequence[Atom], fired: list[Fired], outcome: Outcome, rule: Rule | None
) -> tuple[Outcome, Rule | None]:
    """What the grants are worth for an action with gaps: each atom needs one that says so."""
    for atom in atoms:
        worth = [found for found, about in fired if about is atom and found.definition.incomplete is not Outcome.DENY]
        if not worth:
            return Outcome.DENY, None
        for found in worth:
            if found.definition.incomplete.rank > outcome.rank:
                outcome, rule = found.definition.incomplete, found
    return outcome, rule


def judged_atoms(action: Action) -> Sequence[Atom]:
    """The atoms, and the action itself where none of them bears its verb."""
    verb = action.verb
    for atom in action.atoms:
        if atom.verb == verb:
            return action.atoms
    return (*action.atoms, _whole(action))


def _whole(action: Action) -> Atom:
    return Atom(verb=action.verb, verb_class=action.verb_class, object=_NO_OBJECT)


_NO_OBJECT = ObjectRef(kind="", name="")


def _judge(link: Link, moment: Moment, fired: list[Fired]) -> tuple[int, Rule | None]:
    """Weight and rule of the strictest outcome for one atom and one principal; what fired is added. Raises _RuleError."""
    atom = moment.atom
    keys = features(atom)
    heaviest, rule = 0, None
    for place, table in link.tables:
        for candidate in table.get(keys[place], _NONE):
            test = candidate.test
            try:
                if test is not None and not test(moment):
                    continue
            except FAILURES as error:
                raise _RuleError(candidate.rule, atom, error) from error
            fired.append((candidate.rule, atom))
            if candidate.weight > heaviest:
                heaviest, rule = candidate.weight, candidate.rule
    if not link.holds:
        return (heaviest, rule) if heaviest > WEIGHT else (0, None)
    return (heaviest, rule) if heaviest else (_UNGRANTED, None)


_NONE: tuple[Candidate, ...] = ()


def _outcome(weight: int) -> Outcome:
    if weight <= WEIGHT:
        return Outcome.ALLOW
    return Outcome.HOLD if weight <= 2 * WEIGHT else Outcome.DENY


def _ids(fired: list[Fired]) -> tuple[str, ...]:
    rules = {rule.order: rule.id for rule, _ in fired}
    return tuple(rules[order] for order in sorted(rules))


def _approvers(fired: list[Fired]) -> Approvers:
    """Of several holds the one that asks the most people, then the one that waits the least; a preview that any of them needs."""
    asked = [
        rule.definition.approvers for rule, _ in fired if Outcome.HOLD in (rule.outcome, rule.definition.incomplete)
    ]
    chosen = min(asked, key=lambda a: (-a.count, a.expires_seconds, a.group))
    return replace(chosen, preview=min((a.preview for a in asked), key=_PREVIEWS.index))


_PREVIEWS = (PreviewMode.REQUIRED, PreviewMode.NEVER, PreviewMode.TRY)
"""What one rule says in so many words comes before what another leaves open."""


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _KEPT:
        known.clear()
    known[key] = value
