"""The error codes the gate itself sends, and the condition names it puts in place of a text that must not be shown
(PostgreSQL manual, appendix "PostgreSQL Error Codes")."""

from typing import Final

INSUFFICIENT_PRIVILEGE: Final = "42501"
INVALID_AUTHORIZATION: Final = "28000"
INVALID_PASSWORD: Final = "28P01"
PROTOCOL_VIOLATION: Final = "08P01"
CONNECTION_FAILURE: Final = "08006"
FEATURE_NOT_SUPPORTED: Final = "0A000"
TOO_MANY_CONNECTIONS: Final = "53300"
PROGRAM_LIMIT_EXCEEDED: Final = "54000"
QUERY_CANCELED: Final = "57014"
ADMIN_SHUTDOWN: Final = "57P01"
IDLE_SESSION_TIMEOUT: Final = "57P05"
IO_ERROR: Final = "58030"
INTERNAL_ERROR: Final = "XX000"

# Frequent conditions by their full code, all others by their class (the first two characters).
_CONDITIONS: Final = {
    "22001": "string data right truncation",
    "22003": "numeric value out of range",
    "22007": "invalid datetime format",
    "22008": "datetime field overflow",
    "22012": "division by zero",
    "22P02": "invalid text representation",
    "22P03": "invalid binary representation",
    "22P05": "untranslatable character",
    "23502": "not null violation",
    "23503": "foreign key violation",
    "23505": "unique violation",
    "23514": "check violation",
    "23P01": "exclusion violation",
    "25006": "read only sql transaction",
    "25P02": "in failed sql transaction",
    "40001": "serialization failure",
    "40P01": "deadlock detected",
    "42501": "insufficient privilege",
    "42601": "syntax error",
    "42703": "undefined column",
    "42804": "datatype mismatch",
    "42883": "undefined function",
    "42P01": "undefined table",
    "55P03": "lock not available",
    "57014": "query canceled",
}
_CLASSES: Final = {
    "00": "successful completion",
    "01": "warning",
    "02": "no data",
    "03": "sql statement not yet complete",
    "08": "connection exception",
    "09": "triggered action exception",
    "0A": "feature not supported",
    "0B": "invalid transaction initiation",
    "0F": "locator exception",
    "0L": "invalid grantor",
    "0P": "invalid role specification",
    "0Z": "diagnostics exception",
    "20": "case not found",
    "21": "cardinality violation",
    "22": "data exception",
    "23": "integrity constraint violation",
    "24": "invalid cursor state",
    "25": "invalid transaction state",
    "26": "invalid sql statement name",
    "27": "triggered data change violation",
    "28": "invalid authorization specification",
    "2B": "dependent privilege descriptors still exist",
    "2D": "invalid transaction termination",
    "2F": "sql routine exception",
    "34": "invalid cursor name",
    "38": "external routine exception",
    "39": "external routine invocation exception",
    "3B": "savepoint exception",
    "3D": "invalid catalog name",
    "3F": "invalid schema name",
    "40": "transaction rollback",
    "42": "syntax error or access rule violation",
    "44": "with check option violation",
    "53": "insufficient resources",
    "54": "program limit exceeded",
    "55": "object not in prerequisite state",
    "57": "operator intervention",
    "58": "system error",
    "72": "snapshot failure",
    "F0": "configuration file error",
    "HV": "foreign data wrapper error",
    "P0": "pl/pgsql error",
    "XX": "internal error",
}


def condition(sqlstate: str) -> str:
    """The condition's name; ``error`` for a class that is not known (a function may raise any)."""
    return _CONDITIONS.get(sqlstate) or _CLASSES.get(sqlstate[:2], "error")
