"""Prints what one decision costs, in microseconds, with 10, 100 and 1,000 rules.

Run it as ``python -m tests.bench.policy_bench [--json]``.
"""

import json
import statistics
import sys
import timeit
from datetime import UTC, datetime, timedelta

from passgate.core.action import Action, Atom, ObjectRef, Position, VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.policy.bundle import load_text
from passgate.policy.evaluator import RulePolicy

SIZES = (10, 100, 1000)
_ROUNDS = 7
_CALLS = 5_000

_CORE = """
rules:
- {id: reads, when: "resource.kind == 'postgres' && verb_class == 'read'", then: [allow, {scan: [pii]}, read_only]}
- {id: keyed, when: "resource.kind == 'postgres' && verb in ['update', 'delete'] && key_pinned", then: [allow, {max_rows: 1}]}
- {id: no-where, when: "verb in ['update', 'delete'] && !where_effective", then: deny}
- {id: prod, when: "verb in ['drop', 'truncate'] && resource.labels.env == 'prod'", then: deny}
- {id: mask, when: "object.name == 'customers' && column == 'email' && position == 'output'", then: {mask: {strategy: partial}}}
- {id: tags, when: "object.tags.exists(t, t == 'credentials')", then: deny}
"""


def bundle_text(rules: int) -> str:
    """The core rules and, up to ``rules``, others of the shapes that real bundles have."""
    shapes = (
        "- {{id: r{n}, when: \"object.name == 'table_{n}' && column == 'c{n}'\", then: deny}}",
        "- {{id: r{n}, when: \"principal.kind == 'agent' && object.name == 'secret_{n}'\", then: deny}}",
        "- {{id: r{n}, when: \"resource.name == 'db-{n}' && verb == 'update'\", then: hold}}",
        "- {{id: r{n}, when: \"'team-{n}' in principal.groups && verb_class == 'read'\", then: [allow, {{tag: t{n}}}]}}",
        "- {{id: r{n}, when: \"object.name in ['a{n}', 'b{n}'] && session.counters.masked > {n}\", then: deny}}",
    )
    extra = [shapes[n % len(shapes)].format(n=n) for n in range(rules - _CORE.count("- {id"))]
    return _CORE + "\n".join(extra)


def session() -> Session:
    now = datetime.now(UTC)
    agent = Principal(
        kind=PrincipalKind.AGENT,
        subject="reporter",
        groups=frozenset({"analytics"}),
        on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ann@example.com"),
    )
    resource = Resource(name="shop", kind="postgres", labels={"env": "prod"})
    grant = Pass(
        id="p1",
        principal=agent,
        resources=frozenset({"shop"}),
        verbs=frozenset(VerbClass),
        purpose="report",
        ticket=None,
        issued=now,
        expires=now + timedelta(minutes=30),
    )
    return Session(id="s1", pass_=grant, resource=resource, opened=now, peer="127.0.0.1")


def action(verb: str, verb_class: VerbClass, *columns: str, table: str = "orders", pinned: bool = False) -> Action:
    relation = ObjectRef(kind="relation", name=table, namespace="public")
    position = Position.OUTPUT if verb == "select" else Position.TARGET
    atoms = tuple(
        Atom(
            verb=verb,
            verb_class=verb_class,
            object=relation,
            column=column,
            position=position,
            where_effective=pinned,
            key_pinned=pinned,
        )
        for column in columns
    )
    return Action(kind="sql.query", verb=verb, verb_class=verb_class, text="", atoms=atoms)


ACTIONS = {
    "read, one atom": action("select", VerbClass.READ, "id"),
    "read, five atoms": action("select", VerbClass.READ, "id", "total", "note", "status", "name"),
    "read, masked": action("select", VerbClass.READ, "email", table="customers"),
    "write, keyed": action("update", VerbClass.WRITE, "note", pinned=True),
    "write, denied": action("delete", VerbClass.WRITE, ""),
}


def cost(policy: RulePolicy, judged: Action, whose: Session) -> float:
    """Median microseconds of one decision."""
    timer = timeit.Timer(lambda: policy.decide(judged, whose))
    timer.timeit(100)
    return statistics.median(timer.repeat(_ROUNDS, _CALLS)) / _CALLS * 1e6


def read_one_atom(rules: int) -> float:
    """Median microseconds of the commonest decision among that many rules."""
    return cost(load_text(bundle_text(rules)).policy(), ACTIONS["read, one atom"], session())


def main() -> None:
    whose = session()
    policies = {size: load_text(bundle_text(size)).policy() for size in SIZES}
    report = {name: {size: round(cost(policies[size], a, whose), 2) for size in SIZES} for name, a in ACTIONS.items()}
    fresh = {}
    for size, policy in policies.items():
        started = timeit.default_timer()
        for _ in range(50):
            policy.decide(ACTIONS["read, one atom"], session())
        fresh[size] = round((timeit.default_timer() - started) / 50 * 1e6, 1)
    report["first of a session"] = fresh
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(report) + "\n")
        return
    sys.stdout.write(f"{'microseconds a decision':<24}" + "".join(f"{size:>9,}" for size in SIZES) + " rules\n")
    for name, costs in report.items():
        sys.stdout.write(f"{name:<24}" + "".join(f"{costs[size]:>9.2f}" for size in SIZES) + "\n")


if __name__ == "__main__":
    main()
