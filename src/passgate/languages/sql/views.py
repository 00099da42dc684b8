"""A view's definition, understood once per catalog."""

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.catalog import Relation
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.names import Names, ViewBody
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.scope import With
from passgate.languages.sql.subqueries import OPEN, rows
from passgate.languages.sql.walk import Environment, Walk


class ViewReader:
    """Expands views for ``Names``. A definition as the server prints it names every schema, so no search path is needed."""

    __slots__ = ("_parser",)

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def __call__(self, names: Names, relation: Relation) -> ViewBody:
        if relation.view_definition is None:
            return ViewBody((), (f"the definition of view {relation} is not known",), ())
        found = Findings()
        walk = Walk(Environment(names=names, paths=((relation.namespace,),)), found)
        try:
            (statement,) = self._parser.parse(relation.view_definition)
            fields = rows(walk, {statement.tag: statement.node}, None, With()).fields
        except (NotUnderstoodError, RecursionError, ValueError) as error:
            return ViewBody((), (f"the definition of view {relation} is not understood: {error}",), ())
        gaps = tuple(f"view {relation}: {gap}" for gap in found.gaps)
        if any(field.name == OPEN for field in fields) or len(fields) != len(relation.columns):
            gaps += (f"the columns of view {relation} cannot be told",)
        return ViewBody(tuple(found.atoms), gaps, tuple(field.value for field in fields))
