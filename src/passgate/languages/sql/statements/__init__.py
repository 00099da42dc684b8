"""Every kind of statement, one file per family. Importing this package fills the table of readers."""

from passgate.languages.sql import (
    expressions_calls,
    expressions_casts,
    expressions_documents,
    expressions_operators,
    expressions_sublinks,
    select_query,
)
from passgate.languages.sql.statements import creating, reading, writing
from passgate.languages.sql.statements.meaning import STATEMENTS, Meaning, read_statement

__all__ = ["STATEMENTS", "Meaning", "read_statement"]

_READERS = (
    expressions_calls, expressions_casts, expressions_documents, expressions_operators, expressions_sublinks, select_query,
    creating, reading, writing,
)  # fmt: skip
