"""Statements that run or leave behind code: DO, CALL, LOAD, functions, triggers, rules, operators, casts, languages, extensions."""

from passgate.core.action import ObjectRef, Position, VerbClass
from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.lineage import NOTHING
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.scope import Entry, Item, Scope, With
from passgate.languages.sql.statements.meaning import Meaning, read_statement, states
from passgate.languages.sql.statements.objects import parts_of, plain
from passgate.languages.sql.tree import Node, items, qualified, unwrap, words
from passgate.languages.sql.walk import Walk


def _code(walk: Walk, verb: str, kind: str, names: tuple[str, ...]) -> Meaning:
    namespace, name = qualified(names)
    walk.found.act(verb, VerbClass.CODE, plain(kind, name, namespace))
    return Meaning(verb, VerbClass.CODE)


def _list(node: Node, field: str) -> tuple[str, ...]:
    return parts_of({"List": {"items": node.get(field, [])}})


# -- running --------------------------------------------------------------------------------------------------------------


@states("DoStmt", "args")
def do(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """An anonymous block: its body is a text in another language."""
    languages = [
        wrapped["DefElem"].get("arg", {}).get("String", {}).get("sval", "")
        for wrapped in node.get("args", ())
        if wrapped["DefElem"].get("defname") == "language"
    ]
    return _code(walk, "do", "anonymous", (languages[0] if languages else "plpgsql",))


@states("CallStmt", "funccall")
def call(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    """A procedure is the database's users' own."""
    inner = node["funccall"]
    namespace, name = qualified(words(inner.get("funcname")))
    arguments = inner.get("args", [])
    nowhere = Scope(None, With())
    for argument in arguments:
        decides(walk, argument, nowhere, Position.ARGUMENT)
    known = [f for f in walk.names.functions(name, namespace, walk.env.paths) if f.accepts(len(arguments))]
    definer = any(function.security_definer for function in known)
    walk.found.act(
        "call",
        VerbClass.CODE,
        ObjectRef(
            kind="procedure",
            name=name,
            namespace=known[0].namespace if known else namespace,
            known=bool(known),
            effect="definer" if definer else "unknown",
        ),
    )
    return Meaning("call", VerbClass.CODE, None)


@states("LoadStmt", "filename")
def load(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    walk.found.act("load", VerbClass.CODE, plain("file", node.get("filename", "")))
    return Meaning("load", VerbClass.CODE)


# -- functions ------------------------------------------------------------------------------------------------------------


@states("CreateFunctionStmt", "is_procedure replace funcname parameters returnType options sql_body")
def create_function(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """A body in SQL is looked into, as far as its parameters allow: what it would do is reported beside the definition."""
    kind = "procedure" if node.get("is_procedure") else "function"
    meaning = _code(walk, "create", kind, words(node.get("funcname")))
    language, body = "", ""
    for wrapped in node.get("options", ()):
        option = wrapped["DefElem"]
        if option.get("defname") == "language":
            language = "".join(parts_of(option.get("arg")))
        if option.get("defname") == "as":
            body = (parts_of(option.get("arg")) or ("",))[0]
    found: list[tuple[str, Node]] = []
    if "sql_body" in node:
        found = _atomic(node["sql_body"])
    elif language == "sql" and walk.env.parse is not None:
        try:
            found = [(statement.tag, statement.node) for statement in walk.env.parse(body)]
        except NotUnderstoodError:
            walk.gap("the function's body is not understood")
    for tag, statement in found:
        _inside(walk, tag, statement, memory)
    return meaning


def _atomic(wrapped: Node) -> list[tuple[str, Node]]:
    """The statements of BEGIN ATOMIC, or the one expression of RETURN."""
    tag, node = unwrap(wrapped)
    if tag == "List":
        return [each for item in items(wrapped) for each in _atomic(item)]
    if tag == "ReturnStmt":
        return [("SelectStmt", {"targetList": [{"ResTarget": {"val": node.get("returnval", {})}}], "op": "SETOP_NONE"})]
    return [(tag, node)] if tag else []


def _inside(walk: Walk, tag: str, node: Node, memory: Memory) -> None:
    """Atoms of a body. Its gaps do not count: parameters have no meaning yet, and the definition is code in any case."""
    inner = Walk(walk.env, Findings())
    inner.depth = walk.depth + 1
    read_statement(inner, tag, node, memory)
    inner.found.settle()
    for atom in inner.found.atoms:
        walk.found.add(atom)


@states("AlterFunctionStmt", "objtype func actions")
def alter_function(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "function", words(node.get("func", {}).get("objname")))


# -- triggers and rules ---------------------------------------------------------------------------------------------------


@states(
    "CreateTrigStmt",
    "replace isconstraint trigname relation funcname args row timing events columns whenClause transitionRels deferrable "
    "initdeferred constrrel",
)
def create_trigger(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    on = walk.object(node["relation"])
    meaning = _code(walk, "create", "trigger", (node.get("trigname", ""),))
    walk.found.act("alter", VerbClass.CODE, on)
    rows = tuple(Entry(name, (), rest=NOTHING) for name in ("old", "new"))
    decides(walk, node.get("whenClause"), Scope(None, With(), (Item(rows, ()),)))
    for atom in walk.names.calls((*words(node.get("funcname")), "")[-2], "", 0, walk.env.paths):
        walk.found.interned(atom)
    return meaning


@states("RuleStmt", "relation rulename whereClause event instead actions replace")
def create_rule(walk: Walk, node: Node, memory: Memory) -> Meaning:
    """A rule turns every later statement on the relation into others."""
    on = walk.object(node["relation"])
    meaning = _code(walk, "create", "rule", (node.get("rulename", ""),))
    walk.found.act("alter", VerbClass.CODE, on)
    for wrapped in node.get("actions", ()):
        _inside(walk, *unwrap(wrapped), memory)
    return meaning


@states("CreateEventTrigStmt", "trigname eventname whenclause funcname")
def create_event_trigger(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _admin(walk, "create", node)


@states("AlterEventTrigStmt", "trigname tgenabled")
def alter_event_trigger(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _admin(walk, "alter", node)


def _admin(walk: Walk, verb: str, node: Node) -> Meaning:
    walk.found.act(verb, VerbClass.ADMIN, plain("event_trigger", node.get("trigname", "")))
    return Meaning(verb, VerbClass.ADMIN)


# -- everything else that binds a name to code ----------------------------------------------------------------------------

_DEFINED = {
    "OBJECT_AGGREGATE": "function",
    "OBJECT_OPERATOR": "operator",
    "OBJECT_TYPE": "type",
    "OBJECT_TSPARSER": "text_search",
    "OBJECT_TSTEMPLATE": "text_search",
    "OBJECT_TSDICTIONARY": "text_search",
    "OBJECT_TSCONFIGURATION": "text_search",
    "OBJECT_COLLATION": "collation",
}


@states("DefineStmt", "kind oldstyle defnames args definition if_not_exists replace")
def define(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    kind = _DEFINED.get(node.get("kind", ""))
    if kind is None:
        walk.gap(f"definition of {node.get('kind')} is not known")
    return _code(walk, "create", kind or "object", _list(node, "defnames"))


@states("CreateCastStmt", "sourcetype targettype func context inout")
def create_cast(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    names = [".".join(words(node.get(side, {}).get("names"))) for side in ("sourcetype", "targettype")]
    return _code(walk, "create", "cast", (" to ".join(names),))


@states("CreateTransformStmt", "replace type_name lang fromsql tosql")
def create_transform(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "transform", (node.get("lang", ""),))


@states("CreatePLangStmt", "replace plname plhandler plinline plvalidator pltrusted")
def create_language(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "language", (node.get("plname", ""),))


@states("CreateExtensionStmt", "extname if_not_exists options")
def create_extension(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "extension", (node.get("extname", ""),))


@states("AlterExtensionStmt", "extname options")
@states("AlterExtensionContentsStmt", "extname action objtype object")
def alter_extension(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "extension", (node.get("extname", ""),))


@states("CreateOpClassStmt", "opclassname opfamilyname amname datatype items isDefault")
def create_operator_class(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "operator_class", _list(node, "opclassname"))


@states("CreateOpFamilyStmt", "opfamilyname amname")
def create_operator_family(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "operator_family", _list(node, "opfamilyname"))


@states("AlterOpFamilyStmt", "opfamilyname amname isDrop items")
def alter_operator_family(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "operator_family", _list(node, "opfamilyname"))


@states("AlterOperatorStmt", "opername options")
def alter_operator(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "operator", words(node.get("opername", {}).get("objname")))


@states("CreateConversionStmt", "conversion_name for_encoding_name to_encoding_name func_name def")
def create_conversion(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "conversion", _list(node, "conversion_name"))


@states("CreateAmStmt", "amname handler_name amtype")
def create_access_method(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "create", "access_method", (node.get("amname", ""),))


@states("AlterTSConfigurationStmt", "kind cfgname tokentype dicts override replace missing_ok")
def alter_text_search(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "text_search", _list(node, "cfgname"))


@states("AlterTSDictionaryStmt", "dictname options")
def alter_dictionary(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    return _code(walk, "alter", "text_search", _list(node, "dictname"))
