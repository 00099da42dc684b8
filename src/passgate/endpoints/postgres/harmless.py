"""Whether a write can be tried out: whether everything it does is undone by ROLLBACK, as far as anybody can say.

Two looks. One at what was understood of the statement; one, on the server itself, at what the statement does not show: triggers,
rules, foreign tables, and functions behind defaults, constraints, indexes, policies and views of every table that it reaches.
"""

from collections.abc import Mapping, Sequence

from passgate.core.action import Action, Atom, VerbClass
from passgate.core.decision import ReadOnly
from passgate.pipeline.gate import Verdict

_WRITES = frozenset({"insert", "update", "delete", "merge"})
_EFFECTS = frozenset({"pure", "read", "amplify"})
_NEXT_NUMBER = "nextval"

SEQUENCES = "numbers that it draws from sequences stay drawn, also those of this preview"

_REACHED = """\
WITH RECURSIVE named(oid, written) AS (
  SELECT c.oid, v.written FROM (VALUES {names}) v(nspname, relname, written)
  JOIN pg_namespace n ON n.nspname = v.nspname JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = v.relname
), reached(oid, written) AS (
  SELECT oid, written FROM named
  UNION
  SELECT next.oid, r.written FROM reached r CROSS JOIN LATERAL (
    SELECT i.inhrelid AS oid FROM pg_inherits i WHERE i.inhparent = r.oid
    UNION ALL
    SELECT k.conrelid FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = r.oid
    AND r.written AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    UNION ALL
    SELECT d.refobjid FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
    WHERE d.refclassid = 'pg_class'::regclass AND w.ev_class = r.oid AND d.refobjid <> r.oid
  ) next
), parts(classid, objid, owner) AS (
  SELECT 'pg_attrdef'::regclass::oid, a.oid, a.adrelid FROM pg_attrdef a
  UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid, k.conrelid FROM pg_constraint k WHERE k.conrelid <> 0
  UNION ALL SELECT 'pg_constraint'::regclass::oid, k.oid, a.attrelid
    FROM pg_constraint k JOIN pg_attribute a ON a.atttypid = k.contypid WHERE k.contypid <> 0
  UNION ALL SELECT 'pg_policy'::regclass::oid, p.oid, p.polrelid FROM pg_policy p
  UNION ALL SELECT 'pg_rewrite'::regclass::oid, w.oid, w.ev_class FROM pg_rewrite w
  UNION ALL SELECT 'pg_class'::regclass::oid, i.indexrelid, i.indrelid FROM pg_index i
)
"""
_FOUND = """\
SELECT 'known', count(*)::text FROM named
UNION ALL
SELECT 'sequence', count(*)::text FROM pg_class s JOIN pg_depend d
  ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refclassid = 'pg_class'::regclass
  WHERE s.relkind = 'S' AND d.deptype IN ('a', 'i') AND d.refobjid IN (SELECT oid FROM reached)
UNION ALL
SELECT 'kind', relname::text FROM pg_class WHERE oid IN (SELECT oid FROM reached) AND relkind NOT IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'trigger', tgname::text FROM pg_trigger
  WHERE tgrelid IN (SELECT oid FROM reached WHERE written) AND NOT tgisinternal AND tgenabled <> 'D'
UNION ALL
SELECT 'rule', rulename::text FROM pg_rewrite
  WHERE ev_class IN (SELECT oid FROM reached WHERE written) AND rulename <> '_RETURN' AND ev_enabled <> 'D'
UNION ALL
SELECT 'function', d.refobjid::text FROM parts JOIN pg_depend d ON d.classid = parts.classid AND d.objid = parts.objid
  WHERE parts.owner IN (SELECT oid FROM reached) AND d.refobjid >= 16384
  AND d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass)
"""
"""16384: the first number that objects of users get (PostgreSQL's FirstNormalObjectId)."""

_WHY = {
    "kind": "{} is no table of this database",
    "trigger": "the trigger {} runs code that nobody can see into from here",
    "rule": "the rule {} turns it into something else",
    "function": "a table that it reaches uses functions or operators of its own",
}


def objection(verdict: Verdict) -> str:
    """Why the statement itself cannot be tried out; empty if it can, as far as it shows."""
    if len(verdict.judged) != 1:
        return "it is one of several statements of a query"
    action = verdict.judged[0].action
    if action.verb not in _WRITES or not action.kind.startswith("sql."):
        return "only INSERT, UPDATE, DELETE and MERGE can be tried out"
    if not action.complete:
        return "not all of it was understood"
    if any(isinstance(obligation, ReadOnly) for obligation in verdict.judged[0].decision.obligations):
        return "it may only run where nothing can be written"
    return next((why for atom in action.atoms if (why := _beyond(atom))), "")


def _beyond(atom: Atom) -> str:
    """What of it ROLLBACK may not undo."""
    object_ = atom.object
    if object_.kind == "function":
        if object_.system and (object_.effect in _EFFECTS or object_.name == _NEXT_NUMBER):
            return ""
        return f"it calls {object_}, which may have effects that cannot be rolled back"
    if object_.kind not in ("relation", "sequence", "view") or not object_.known:
        return f"it speaks of the {object_.kind} {object_}"
    if atom.verb_class not in (VerbClass.READ, VerbClass.WRITE):
        return f"it does more to {object_} than read and write rows"
    if object_.system and atom.verb_class is VerbClass.WRITE:
        return f"it writes to {object_}, which is the server's own"
    return ""


def draws_numbers(action: Action, *, by_default: bool) -> bool:
    """``by_default``: whether a table that it reaches has columns that are numbered by a sequence."""
    return any(
        (by_default and atom.verb == "insert") or (atom.object.kind == "function" and atom.object.name == _NEXT_NUMBER)
        for atom in action.atoms
    )


Named = Mapping[tuple[str, str], bool]
"""Schema and name of a relation, and whether it is written to."""


def relations(action: Action) -> Named:
    """What it speaks of."""
    named: dict[tuple[str, str], bool] = {}
    for atom in action.atoms:
        if atom.object.kind != "function":
            key = atom.object.namespace, atom.object.name
            named[key] = named.get(key, False) or atom.verb_class is VerbClass.WRITE
    return named


def question(named: Named) -> str:
    """Asks the server what these reach; to be sent with ``pg_catalog`` alone on the search path."""
    names = ", ".join(
        f"({_literal(schema)}, {_literal(name)}, {str(written).lower()})" for (schema, name), written in named.items()
    )
    return _REACHED.format(names=names) + _FOUND


def answered(rows: Sequence[Sequence[str | None]], named: Named) -> tuple[str, bool]:
    """Why it cannot be tried out, empty if it can; and whether sequences number columns of what it reaches."""
    found = [(str(what), str(name)) for what, name in rows]
    counts = {what: int(name) for what, name in found if what in ("known", "sequence")}
    if counts.get("known") != len(named):
        return "the server knows other tables than the gate does", False
    why = next((_WHY[what].format(name) for what, name in found if what in _WHY), "")
    return why, counts.get("sequence", 0) > 0


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
