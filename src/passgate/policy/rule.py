"""A compiled rule, and the parts of its condition that evaluation is ordered by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from passgate.core.decision import Outcome
from passgate.policy.attributes import ATTRIBUTES, READERS, Moment, Scope
from passgate.policy.cel import Checked, ConditionError, Program, check, compile_condition, lookalike, parse
from passgate.policy.cel.syntax import Binary, Junction, ListLiteral, Literal, Node, walk
from passgate.policy.definition import Definition
from passgate.policy.problems import Problem
from passgate.policy.samples import verdict
from passgate.policy.sense import Limit, limit_of, shape, slips
from passgate.policy.wording import unknown_placeholder

DIMENSIONS = ("object.name", "column", "verb", "object.effect", "object.kind", "verb_class", "position")
"""Attributes that rules are indexed by, the most telling first."""


_ALWAYS = shape(Literal(offset=0, value=True))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Term:
    """One term of a condition's outermost ``&&``.

    ``personal``: its value may differ from one principal of a chain to the next. ``keys`` is set where the term is an equality (or
    ``in`` a literal list) over the indexed attribute ``dimension``. ``shape`` and ``limit`` say what it asks, for comparing rules.
    """

    program: Program[Moment]
    of_session: bool
    personal: bool = False
    dimension: str = ""
    keys: frozenset[str] = frozenset()
    shape: str = ""
    limit: Limit | None = None

    def implies(self, other: "Term") -> bool:
        """Whether the other holds wherever this does, as far as the text shows."""
        within = self.limit is not None and other.limit is not None and self.limit.within(other.limit)
        return within or other.shape in (self.shape, _ALWAYS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """``order`` is its place in the bundle: it names the decisive rule among equals, and changes no outcome.

    ``volatile``: it may come out otherwise the next time the same action is asked about. ``tags_asked``: of the session, by name.
    """

    definition: Definition
    order: int
    terms: tuple[Term, ...]
    program: Program[Moment]
    volatile: bool
    tags_asked: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return self.definition.id

    @property
    def outcome(self) -> Outcome | None:
        return self.definition.then.outcome

    @property
    def indexed(self) -> bool:
        return any(term.dimension or term.of_session for term in self.terms)


def compile_rule(definition: Definition, order: int, problems: list[Problem]) -> Rule | None:
    """None, and a problem, where the condition does not load or one of the rule's own tests fails."""
    problems.extend(
        Problem(definition.place, f"rule {definition.id}: {{{stranger}}} stands for nothing")
        for stranger in map(unknown_placeholder, (definition.message, definition.hint))
        if stranger is not None
    )
    odd = lookalike(definition.when)
    try:
        checked = check(parse(definition.when), ATTRIBUTES)
    except ConditionError as error:
        place = definition.place_in(error.offset)
        problems.append(Problem(place, f"rule {definition.id}: {error.message}", error.remedy))
        return None
    problems.extend(
        Problem(definition.place_in(slip.offset), f"rule {definition.id}: {slip.message}", slip.remedy)
        for slip in (*(() if odd is None else (odd,)), *slips(checked))
    )
    problems.extend(
        Problem(sample.place, f"rule {definition.id} fails its own test: {wrong}")
        for sample in definition.samples
        if (wrong := verdict(checked, sample))
    )
    root = checked.root
    whole = isinstance(root, Junction) and root.operator == "&&"
    parts = root.terms if whole and isinstance(root, Junction) else (root,)
    terms = tuple(_term(checked, part) for part in parts)
    return Rule(
        definition=definition,
        order=order,
        terms=terms,
        program=compile_condition(checked, READERS),
        volatile=any(ATTRIBUTES[name].volatile for name in checked.attributes.values()),
        tags_asked=frozenset(_tags(checked)),
    )


def _term(checked: Checked, node: Node) -> Term:
    attributes = {checked.attributes[part] for part in walk(node) if part in checked.attributes}
    scope = max((ATTRIBUTES[name].scope for name in attributes), default=Scope.SESSION)
    dimension, keys = _keys(checked, node)
    return Term(
        program=compile_condition(checked, READERS, node),
        of_session=scope is Scope.SESSION,
        personal=any(ATTRIBUTES[name].personal for name in attributes),
        dimension=dimension,
        keys=keys,
        shape=shape(node),
        limit=limit_of(node),
    )


def _tags(checked: Checked) -> Iterator[str]:
    for node in walk(checked.root):
        of_tags = (
            isinstance(node, Binary) and node.operator == "in" and checked.attributes.get(node.right) == "session.tags"
        )
        if of_tags and isinstance(node, Binary) and isinstance(node.left, Literal):
            yield str(node.left.value)


def _keys(checked: Checked, node: Node) -> tuple[str, frozenset[str]]:
    nothing: tuple[str, frozenset[str]] = ("", frozenset())
    if isinstance(node, Junction) and node.operator == "||":
        found = [_keys(checked, term) for term in node.terms]
        dimensions = {dimension for dimension, _ in found}
        return (dimensions.pop(), frozenset().union(*(keys for _, keys in found))) if len(dimensions) == 1 else nothing
    if not isinstance(node, Binary) or node.operator not in ("==", "in"):
        return nothing
    left, right = node.left, node.right
    if node.operator == "==" and isinstance(left, Literal):
        left, right = right, left
    dimension = checked.attributes.get(left, "")
    if dimension not in DIMENSIONS:
        return nothing
    values = _texts(right.items if isinstance(right, ListLiteral) and node.operator == "in" else (right,))
    return (dimension, values) if values is not None else nothing


def _texts(nodes: Iterable[Node]) -> frozenset[str] | None:
    values = [node.value if isinstance(node, Literal) else None for node in nodes]
    texts = frozenset(value for value in values if isinstance(value, str))
    return texts if len(texts) == len(set(values)) else None
