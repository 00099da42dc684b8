"""Sessions, actions and bundles for tests, in one line each."""

from collections.abc import Mapping
from datetime import UTC, datetime

from passgate.core.action import Action, Atom, ObjectRef, Position, VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.policy.bundle import load_text
from passgate.policy.evaluator import RulePolicy

OPENED = datetime(2030, 1, 1, 9, tzinfo=UTC)


def session(
    kind: str = "agent",
    *,
    labels: Mapping[str, str] | None = None,
    groups: tuple[str, ...] = (),
    ticket: str | None = None,
    behind: bool = True,
    resource: str = "postgres",
) -> Session:
    ann = Principal(kind=PrincipalKind.HUMAN, subject="ann@example.com", groups=frozenset({"staff"}))
    who = Principal(
        kind=PrincipalKind(kind), subject="reporter", groups=frozenset(groups), on_behalf_of=ann if behind else None
    )
    grant = Pass(
        id="p1",
        principal=who,
        resources=frozenset({"shop"}),
        verbs=frozenset(VerbClass),
        purpose="monthly report",
        ticket=ticket,
        issued=OPENED,
        expires=datetime(2030, 1, 1, 10, tzinfo=UTC),
    )
    target = Resource(name="shop", kind=resource, labels={"env": "prod"} if labels is None else labels)
    return Session(id="s1", pass_=grant, resource=target, opened=OPENED, peer="127.0.0.1", user="app", database="shop")


def atom(
    verb: str = "select",
    name: str = "orders",
    column: str = "",
    position: Position = Position.NONE,
    *,
    verb_class: VerbClass = VerbClass.READ,
    kind: str = "relation",
    namespace: str = "public",
    effect: str = "",
    tags: tuple[str, ...] = (),
    where: bool = False,
    key: bool = False,
) -> Atom:
    target = ObjectRef(kind=kind, name=name, namespace=namespace, effect=effect, tags=frozenset(tags))
    return Atom(
        verb=verb,
        verb_class=verb_class,
        object=target,
        column=column,
        position=position,
        where_effective=where or key,
        key_pinned=key,
    )


def action(
    *atoms: Atom,
    verb: str = "",
    verb_class: VerbClass | None = None,
    kind: str = "sql.query",
    gaps: tuple[str, ...] = (),
    facts: Mapping[str, bool | int | str] | None = None,
    inputs: Mapping[str, str | None] | None = None,
) -> Action:
    """The action's own verb is that of its first atom unless it is given."""
    return Action(
        kind=kind,
        verb=verb or atoms[0].verb,
        verb_class=verb_class or (atoms[0].verb_class if atoms else VerbClass.READ),
        text="",
        atoms=atoms,
        complete=not gaps,
        gaps=gaps,
        facts=facts or {},
        inputs=inputs or {},
        fingerprint="f1",
    )


def policy(*rules: str) -> RulePolicy:
    """Each rule in YAML's flow form: ``{id: a, when: "true", then: allow}``."""
    return load_text("rules:\n" + "\n".join(f"- {rule}" for rule in rules)).policy()


ALLOW_ALL = "{id: all, when: 'true', then: allow}"
