"""The database that the tests of understanding speak about, and short words for what was understood."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

from passgate.core.action import Action, Atom, VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.resource import Resource
from passgate.core.session import Session
from passgate.languages.sql.catalog import Catalog, Column, ForeignKey, Function, Operator, Relation, Type
from passgate.languages.sql.knowledge import build_catalog
from passgate.languages.sql.language import SqlLanguage, SqlUnderstander
from passgate.languages.sql.parser import Parser
from passgate.pipeline.protocols import Input, Understood


def _columns(*named: str) -> tuple[Column, ...]:
    found = []
    for number, each in enumerate(named, 1):
        name, _, type_ = each.partition(":")
        found.append(Column(name=name, number=number, type_name=type_ or "text", not_null=name == "id"))
    return tuple(found)


def _table(oid: int, name: str, *columns: str, **more: object) -> Relation:
    return Relation(
        oid=oid,
        namespace="public",
        name=name,
        columns=_columns(*columns),
        primary_key=("id",),
        **more,  # type: ignore[arg-type]
    )


CUSTOMERS = _table(20001, "customers", "id:int4", "name", "ssn", "email")
ORDERS = _table(
    20002,
    "orders",
    "id:int4",
    "customer_id:int4",
    "status",
    "total:numeric",
    "note",
    foreign_keys=(
        ForeignKey(
            columns=("customer_id",),
            target_namespace="public",
            target_name="customers",
            target_columns=("id",),
            on_delete="cascade",
        ),
    ),
)
VIEW = Relation(
    oid=20003,
    namespace="public",
    name="customer_v",
    kind="view",
    columns=_columns("id:int4", "ref"),
    view_definition="SELECT id, ssn AS ref FROM public.customers WHERE name IS NOT NULL",
)
EVENTS = _table(20004, "events", "id:int4", "what", kind="partitioned")
EVENTS_1 = _table(20005, "events_1", "id:int4", "what", parents=(20004,))
RULED = _table(20006, "ruled", "id:int4", has_rules=True)
OTHER = Relation(
    oid=20007, namespace="other", name="orders", columns=_columns("id:int4", "secret"), primary_key=("id",)
)
SEQUENCE = Relation(
    oid=20008, namespace="public", name="orders_id_seq", kind="sequence", columns=_columns("last_value:int8")
)
SECOND_VIEW = Relation(
    oid=20009,
    namespace="public",
    name="second_v",
    kind="view",
    columns=_columns("shown"),
    view_definition="SELECT upper(ref) FROM public.customer_v",
)
DOSSIERS = Relation(
    oid=20010,
    namespace="public",
    name="dossiers",
    columns=(*_columns("id:int4", "ssn"), Column(name="born", number=3, generated=True, shows=("ssn",))),
    primary_key=("id",),
)
CHECKED = Function(
    oid=30001, namespace="public", name="checked", min_args=1, max_args=1, arg_types=("text",), return_type="bool"
)
WIPE = Function(oid=30002, namespace="public", name="wipe", security_definer=True, return_type="int4")
SHADOW = Function(
    oid=30003, namespace="public", name="lower", min_args=1, max_args=1, arg_types=("text",), return_type="text"
)
ROWS = Function(
    oid=30004,
    namespace="public",
    name="rows_of",
    out_columns=("a", "b"),
    return_type="record",
    returns_set=True,
    effect="read",
)
POSITIVE = Type(
    oid=31001, namespace="public", name="positive", kind="domain", base_type="int4", input_functions=(CHECKED,)
)
NEAR = Operator(namespace="public", name="<~>", left_type="text", right_type="text", function=CHECKED)
EQUAL = Operator(namespace="public", name="=", left_type="positive", right_type="positive", function=CHECKED)


@cache
def shop() -> Catalog:
    return build_catalog(
        relations=(CUSTOMERS, ORDERS, VIEW, EVENTS, EVENTS_1, RULED, OTHER, SEQUENCE, SECOND_VIEW, DOSSIERS),
        functions_=(CHECKED, WIPE, SHADOW, ROWS),
        types_=(POSITIVE,),
        operators_=(NEAR, EQUAL),
    )


@cache
def language() -> SqlLanguage:
    return SqlLanguage(catalog=shop(), parser=Parser())


def session(*search_path: str) -> Session:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    resource = Resource(name="shop", kind="postgres")
    grant = Pass(
        id="p",
        principal=Principal(kind=PrincipalKind.AGENT, subject="reporter"),
        resources=frozenset({"shop"}),
        verbs=frozenset(VerbClass),
        purpose="test",
        ticket=None,
        issued=now,
        expires=now + timedelta(hours=1),
    )
    path = search_path or ("$user", "public")
    return Session(id="s", pass_=grant, resource=resource, opened=now, peer="", user="app", search_path=path)


def understander(*search_path: str) -> SqlUnderstander:
    return language().open(session(*search_path))


def understood(text: str, values: Sequence[str | None] | None = None) -> Understood:
    inputs = None if values is None else [Input(value=value) for value in values]
    return understander().understand(text, inputs)


def action(text: str, values: Sequence[str | None] | None = None) -> Action:
    """What one statement means."""
    (found,) = understood(text, values).actions
    return found


def word(atom: Atom) -> str:
    """``verb object.column position``: ``select customers.ssn predicate``; the schema only where it is not public."""
    object_ = str(atom.object).removeprefix("public.").removeprefix("pg_catalog.")
    column = f".{atom.column}" if atom.column else ""
    position = "" if atom.position == "none" else f" {atom.position}"
    return f"{atom.verb} {object_}{column}{position}"


def words(found: Action) -> list[str]:
    return [word(atom) for atom in found.atoms]


def said(text: str, values: Sequence[str | None] | None = None) -> list[str]:
    """The atoms of one statement that was understood whole."""
    found = action(text, values)
    assert found.complete, found.gaps
    return words(found)


def gaps(text: str, values: Sequence[str | None] | None = None) -> str:
    """Why a statement was not understood whole."""
    found = action(text, values)
    assert not found.complete
    assert found.outputs is None
    return "; ".join(found.gaps)


def shows(text: str) -> dict[str, str]:
    """Lineage: output name to its sources, ``=`` in front where it is a bare copy."""
    found = action(text)
    assert found.complete, found.gaps
    assert found.outputs is not None
    return {
        output.name: ("=" if output.direct else "") + ",".join(sorted(f"{s.object}.{s.column}" for s in output.sources))
        for output in found.outputs
    }


def acts(found: Action) -> list[str]:
    """The atoms with kind, class and effect: ``drop relation public.orders ddl destructive``."""
    said = []
    for atom in found.atoms:
        column = f".{atom.column}" if atom.column else ""
        said.append(
            f"{atom.verb} {atom.object.kind} {atom.object}{column} {atom.verb_class} {atom.object.effect}".rstrip()
        )
    return said
