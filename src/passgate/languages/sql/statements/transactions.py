"""Transaction control."""

from passgate.core.action import VerbClass
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.settings import act_on_setting
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import plain
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk

_VERBS = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "rollback_to",
    "TRANS_STMT_PREPARE": "prepare_transaction",
    "TRANS_STMT_COMMIT_PREPARED": "commit_prepared",
    "TRANS_STMT_ROLLBACK_PREPARED": "rollback_prepared",
}


@states("TransactionStmt", "kind options savepoint_name gid chain location")
def transaction(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """BEGIN READ WRITE sets the transaction's mode as SET TRANSACTION does."""
    kind = node["kind"]
    verb = _VERBS.get(kind)
    if verb is None:
        walk.gap(f"transaction statement {kind} is not known")
        return Meaning("unknown", VerbClass.SESSION)
    name = str(node.get("savepoint_name", node.get("gid", "")))
    walk.found.act(verb, VerbClass.SESSION, plain("savepoint" if "savepoint_name" in node else "transaction", name))
    for wrapped in node.get("options", ()):
        option = wrapped["DefElem"]
        if option.get("defname") == "transaction_read_only" and not _true(option.get("arg")):
            act_on_setting(walk, "set", "transaction_read_only", ("off",))
    return Meaning(verb, VerbClass.SESSION)


def _true(argument: Node | None) -> bool:
    return bool((argument or {}).get("A_Const", {}).get("ival", {}).get("ival", 0))


@states("ConstraintsSetStmt", "constraints deferred")
def set_constraints(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """SET CONSTRAINTS: when deferrable constraints are checked in this transaction."""
    names = [wrapped["RangeVar"].get("relname", "") for wrapped in node.get("constraints", ())]
    walk.found.act("set_constraints", VerbClass.SESSION, plain("transaction", ", ".join(names)))
    return Meaning("set_constraints", VerbClass.SESSION)
