"""SET, RESET, SHOW, DISCARD, ALTER SYSTEM; LISTEN and NOTIFY."""

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.constants import literal
from passgate.languages.sql.lineage import NOTHING, Field
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.settings import act_on_setting, setting
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import plain, with_effect
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk

VARIABLE_SET = frozenset({"kind", "name", "args", "jumble_args", "is_local", "location"})
_VALUES = {"VAR_SET_VALUE": "set", "VAR_SET_DEFAULT": "set", "VAR_SET_CURRENT": "set", "VAR_RESET": "reset"}


@states("VariableSetStmt", " ".join(VARIABLE_SET))
def set_variable(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return Meaning(apply_setting(walk, node), VerbClass.SESSION)


def apply_setting(walk: Walk, node: Node) -> str:
    """SET in all its forms. Returns the verb."""
    walk.check("VariableSetStmt", node, VARIABLE_SET)
    kind = node["kind"]
    if kind == "VAR_RESET_ALL":
        walk.found.act("reset", VerbClass.SESSION, ObjectRef(kind="setting", name="all", system=True, effect="unknown"))
        return "reset"
    if kind == "VAR_SET_MULTI":
        return _transaction_mode(walk, node)
    if kind not in _VALUES:
        walk.gap(f"SET of kind {kind} is not known")
    values = [literal(walk, argument) for argument in node.get("args", ())] if kind == "VAR_SET_VALUE" else None
    return act_on_setting(walk, _VALUES.get(kind, "set"), node.get("name", ""), values)


def _transaction_mode(walk: Walk, node: Node) -> str:
    """SET TRANSACTION and SET SESSION CHARACTERISTICS."""
    walk.found.act("set_transaction", VerbClass.SESSION, plain("transaction", node.get("name", "").lower()))
    for argument in node.get("args", ()):
        if "DefElem" in argument:
            walk.found.act("set_transaction", VerbClass.SESSION, setting(argument["DefElem"].get("defname", "")))
    return "set_transaction"


@states("VariableShowStmt", "name")
def show(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    name = node.get("name", "")
    walk.found.act("show", VerbClass.READ, setting(name))
    names = ("name", "setting", "description") if name == "all" else (name,)
    return Meaning("show", VerbClass.READ, tuple(Field(each, NOTHING) for each in names))


@states("DiscardStmt", "target")
def discard(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """DISCARD ALL forgets everything that the session did."""
    target = node.get("target", "").removeprefix("DISCARD_").lower()
    walk.found.act("discard", VerbClass.SESSION, ObjectRef(kind="setting", name=target, system=True, effect="unknown"))
    if target == "all":
        walk.found.remember.append(lambda memory: memory.deallocate(None))
        walk.found.remember.append(lambda memory: memory.close(None))
    return Meaning("discard", VerbClass.SESSION)


@states("AlterSystemStmt", "setstmt")
def alter_system(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """It writes the server's own configuration file."""
    inner = node["setstmt"]
    walk.check("VariableSetStmt", inner, VARIABLE_SET)
    walk.found.act("alter_system", VerbClass.ADMIN, with_effect(setting(inner.get("name", "all")), "destructive"))
    return Meaning("alter_system", VerbClass.ADMIN)


@states("NotifyStmt", "conditionname payload")
def notify(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("notify", VerbClass.WRITE, plain("channel", node.get("conditionname", "")))
    return Meaning("notify", VerbClass.WRITE)


@states("ListenStmt", "conditionname")
def listen(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("listen", VerbClass.SESSION, plain("channel", node.get("conditionname", "")))
    return Meaning("listen", VerbClass.SESSION)


@states("UnlistenStmt", "conditionname")
def unlisten(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("unlisten", VerbClass.SESSION, plain("channel", node.get("conditionname", "")))
    return Meaning("unlisten", VerbClass.SESSION)
