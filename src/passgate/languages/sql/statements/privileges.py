"""GRANT, REVOKE, roles, ownership, row-level policies: who may do what."""

from passgate.core.action import ObjectRef, VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import named_object, parts_of, plain, with_effect
from passgate.languages.sql.statements.session import apply_setting
from passgate.languages.sql.statements.tables import stored_scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_GRANT = "is_grant targtype objtype objects privileges grantees grant_option grantor behavior"


def _roles(walk: Walk, verb: str, wrapped: list[Node]) -> None:
    for one in wrapped:
        role: Node = one["RoleSpec"] if "RoleSpec" in one else one.get("AccessPriv", {})
        name = role.get("rolename", role.get("priv_name", role.get("roletype", "").removeprefix("ROLESPEC_").lower()))
        walk.found.act(verb, VerbClass.ADMIN, plain("role", name))


@states("GrantStmt", _GRANT)
def grant(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    verb = "grant" if node.get("is_grant") else "revoke"
    columns = [column for wrapped in node.get("privileges", ()) for column in words(wrapped["AccessPriv"].get("cols"))]
    for object_ in _granted(walk, node):
        walk.found.act(verb, VerbClass.ADMIN, object_)
        for column in columns:
            walk.found.act(verb, VerbClass.ADMIN, object_, column=column)
    _roles(walk, verb, node.get("grantees", []))
    return Meaning(verb, VerbClass.ADMIN)


def _granted(walk: Walk, node: Node) -> list[ObjectRef]:
    kind = node.get("objtype", "")
    if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        return [plain("schema", "".join(parts_of(wrapped))) for wrapped in node.get("objects", ())]
    found = []
    for wrapped in node.get("objects", ()):
        if kind in ("OBJECT_TABLE", "OBJECT_SEQUENCE") and "RangeVar" in wrapped:
            found.append(walk.object(wrapped["RangeVar"]))
        else:
            found.append(named_object(walk, kind, wrapped)[0])
    return found


@states("GrantRoleStmt", "granted_roles grantee_roles is_grant opt grantor behavior")
def grant_role(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    verb = "grant" if node.get("is_grant") else "revoke"
    _roles(walk, verb, [*node.get("granted_roles", []), *node.get("grantee_roles", [])])
    return Meaning(verb, VerbClass.ADMIN)


@states("AlterDefaultPrivilegesStmt", "options action")
def default_privileges(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    action = node["action"]
    walk.check("GrantStmt", action, frozenset(_GRANT.split()))
    verb = "grant" if action.get("is_grant") else "revoke"
    walk.found.act(verb, VerbClass.ADMIN, plain("schema", "default privileges"))
    _roles(walk, verb, action.get("grantees", []))
    return Meaning(verb, VerbClass.ADMIN)


@states("CreateRoleStmt", "stmt_type role options")
def create_role(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("create", VerbClass.ADMIN, plain("role", node.get("role", "")))
    return Meaning("create", VerbClass.ADMIN)


@states("AlterRoleStmt", "role options action")
def alter_role(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    _roles(walk, "alter", [{"RoleSpec": node.get("role", {})}])
    return Meaning("alter", VerbClass.ADMIN)


@states("AlterRoleSetStmt", "role database setstmt")
def alter_role_set(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """A setting for every later session of a role."""
    _roles(walk, "alter", [{"RoleSpec": node.get("role", {})}])
    remembered = len(walk.found.remember)
    apply_setting(walk, node["setstmt"])
    del walk.found.remember[remembered:]
    return Meaning("alter", VerbClass.ADMIN)


@states("DropRoleStmt", "roles missing_ok")
def drop_role(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    _roles(walk, "drop", node.get("roles", []))
    return Meaning("drop", VerbClass.ADMIN)


@states("DropOwnedStmt", "roles behavior")
def drop_owned(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """It drops every object of a role without naming one."""
    _roles(walk, "drop", node.get("roles", []))
    return Meaning("drop", VerbClass.ADMIN)


@states("ReassignOwnedStmt", "roles newrole")
def reassign_owned(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    _roles(walk, "owner", [*node.get("roles", []), {"RoleSpec": node.get("newrole", {})}])
    return Meaning("owner", VerbClass.ADMIN)


@states("CreatePolicyStmt", "policy_name table cmd_name permissive roles qual with_check")
def create_policy(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _row_policy(walk, "create", node)


@states("AlterPolicyStmt", "policy_name table roles qual with_check")
def alter_policy(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _row_policy(walk, "alter", node)


def _row_policy(walk: Walk, verb: str, node: Node) -> Meaning:
    on = walk.object(node["table"])
    walk.found.act(verb, VerbClass.ADMIN, plain("policy", node.get("policy_name", ""), str(on)))
    walk.found.act("alter", VerbClass.ADMIN, with_effect(on, "destructive"))
    scope = stored_scope(walk, node["table"])
    decides(walk, node.get("qual"), scope)
    decides(walk, node.get("with_check"), scope)
    return Meaning(verb, VerbClass.ADMIN)
