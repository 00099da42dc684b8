"""COPY, in both directions, between tables or queries and the client, files or programs."""

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.expressions import decides
from passgate.languages.sql.from_items import table_entry
from passgate.languages.sql.lineage import Field, computed
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.reach import ANYWHERE
from passgate.languages.sql.scope import Item, Scope, With
from passgate.languages.sql.statements.explaining import is_on
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.statements.objects import plain
from passgate.languages.sql.statements.reading import into_clause, shown
from passgate.languages.sql.statements.writing import Target
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_OPTIONS = frozenset(
    {
        "format", "freeze", "delimiter", "null", "default", "header", "quote", "escape", "force_quote", "force_not_null",
        "force_null", "on_error", "log_verbosity", "encoding", "reject_limit", "convert_selectively",
    }
)  # fmt: skip

_MARKS = frozenset({"delimiter", "null", "quote", "escape"})


@states("CopyStmt", "relation query attlist is_from is_program filename options whereClause")
def copy(walk: Walk, node: Node, _memory: Memory) -> Meaning:
    for wrapped in node.get("options", ()):
        name = wrapped["DefElem"].get("defname", "").lower()
        if name not in _OPTIONS:
            walk.gap(f"COPY option {name} is not known")
    _form(walk, node)
    beyond = _beyond(walk, node)
    if node.get("is_from"):
        _copy_in(walk, node)
        return Meaning(beyond or "copy_in", VerbClass.EGRESS if beyond else VerbClass.WRITE)
    fields = _copy_out(walk, node)
    if beyond:
        return Meaning(beyond, VerbClass.EGRESS)
    return Meaning("copy_out", VerbClass.READ, fields)


def _form(walk: Walk, node: Node) -> None:
    """The written form of the rows, as facts: whoever masks them must read them as they were written.

    Of an option given twice nothing is said, since the server refuses the statement.
    """
    facts = walk.found.facts
    facts["sql.copy_format"] = "text"
    for wrapped in node.get("options", ()):
        option = wrapped["DefElem"]
        name, argument = option.get("defname", "").lower(), option.get("arg")
        text = argument.get("String", {}).get("sval", "") if argument else ""
        if name == "format":
            facts["sql.copy_format"] = text.lower()
        elif name == "header":
            # MATCH is for COPY FROM alone; whatever else is not plainly a no is a yes.
            facts["sql.copy_header"] = is_on(argument)
        elif name in _MARKS:
            facts[f"sql.copy_{name}"] = text
        elif name == "encoding" and not node.get("is_from"):
            walk.gap("COPY in another encoding is not understood")


def _beyond(walk: Walk, node: Node) -> str:
    """The verb of reaching beyond the connection; empty where the data goes to or comes from the client."""
    if node.get("is_program"):
        walk.found.act("copy_program", VerbClass.EGRESS, plain("program", node.get("filename", "")))
        return "copy_program"
    if "filename" in node:
        walk.found.act("copy_file", VerbClass.EGRESS, plain("file", node["filename"]))
        return "copy_file"
    return ""


def _copy_out(walk: Walk, node: Node) -> tuple[Field, ...] | None:
    """A table is copied without its children; a query as it is."""
    if "query" in node:
        writes = "SelectStmt" not in node["query"]
        if not writes and into_clause(node["query"]["SelectStmt"]) is not None:
            walk.gap("COPY of a SELECT INTO is not understood")
        walk.found.read_verb = "copy_out"
        fields = shown(walk, node["query"], Position.RETURNING if writes else Position.OUTPUT)
        walk.found.settle()
        return None if fields is None else tuple(_as_written(field) for field in fields)
    walk.found.read_verb = "copy_out"
    relation = walk.relation(node["relation"])
    if relation is None:
        return None
    table = walk.read(relation, only=True)
    names = words(node.get("attlist")) or tuple(column.name for column in relation.columns)
    found = []
    for name in names:
        value = table.column(name, only=True)
        if value is None:
            walk.gap(f"column {relation}.{name} is not known")
            continue
        walk.found.use(value.sources, Position.OUTPUT)
        found.append(_as_written(Field(name, value)))
    return tuple(found)


def _as_written(field: Field) -> Field:
    """COPY names no types, and the session says how a date is written: the last four characters of it are the year, or the day."""
    return field if field.value.type in _TEXTS else Field(field.name, computed(field.value, field.value.type))


_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext"})


def _copy_in(walk: Walk, node: Node) -> None:
    """Rows come past the text: nothing is known of them."""
    if "relation" not in node:
        walk.gap("COPY FROM into a query is not understood")
        return
    target = Target(walk, node["relation"])
    names = words(node.get("attlist")) or tuple(name for name, _ in target.entry.fields)
    target.act("copy_in", ANYWHERE, [target.column(name) for name in names])
    if target.table is not None:
        scope = Scope(None, With(), (Item.of(table_entry(target.table, "", ())),))
        decides(walk, node.get("whereClause"), scope)
