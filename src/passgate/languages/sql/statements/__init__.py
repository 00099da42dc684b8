"""Every kind of statement, one file per family. Importing this package fills the tables of readers."""

from passgate.languages.sql import (
    expressions_calls,
    expressions_casts,
    expressions_documents,
    expressions_fields,
    expressions_operators,
    expressions_sublinks,
    select_query,
)
from passgate.languages.sql.statements import (
    altering,
    code,
    copying,
    creating,
    cursors,
    explaining,
    maintenance,
    naming,
    prepared,
    privileges,
    reading,
    servers,
    session,
    tables,
    transactions,
    types,
    writing,
)
from passgate.languages.sql.statements.meaning import STATEMENTS, Meaning, read_statement

__all__ = ["STATEMENTS", "Meaning", "read_statement"]

_READERS = (
    expressions_calls, expressions_casts, expressions_documents, expressions_fields, expressions_operators,
    expressions_sublinks, select_query,
    altering, code, copying, creating, cursors, explaining, maintenance, naming, prepared, privileges, reading, servers,
    session, tables, transactions, types, writing,
)  # fmt: skip
