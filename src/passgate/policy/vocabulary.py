"""The words that actions are made of. A condition that compares with another word is a slip, and does not load.

A new protocol adds its words here; nothing else in this folder changes.
"""

from importlib import resources

from passgate.core.action import Position, VerbClass
from passgate.core.finding import Field, FindingClass
from passgate.core.principal import PrincipalKind

PRINCIPAL_KINDS = frozenset(PrincipalKind)
VERB_CLASSES = frozenset(VerbClass)
POSITIONS = frozenset(Position)
FINDING_CLASSES = frozenset(FindingClass)
FINDING_FIELDS = frozenset(Field)
FINDING_TYPES = frozenset((resources.files("passgate.policy") / "finding_types.tsv").read_text("utf-8").split())
"""What the detectors can find. A test holds the list to theirs."""

RESOURCE_KINDS = frozenset({"postgres", "llm"})
COUNTERS = frozenset({"statements", "requests", "rows", "masked", "tokens"})
"""What is counted of sessions and tasks."""

OBJECT_TAGS = frozenset({"credentials", "statistics", "activity", "large_objects", "files"})
"""What the language of a database says of its own catalogs."""

_SQL_READ = ("select", "copy_out", "show", "explain", "call")
_SQL_WRITE = ("insert", "update", "delete", "merge", "copy_in", "notify")
_SQL_DDL = ("create", "create_as", "alter", "drop", "truncate", "rename", "comment", "refresh")
_SQL_ADMIN = (
    *(
        "grant",
        "revoke",
        "owner",
        "security_label",
        "vacuum",
        "analyze",
        "cluster",
        "reindex",
        "checkpoint",
        "lock",
        "lock_rows",
    ),
    *("alter_system", "import_schema"),
)
_SQL_CODE = ("do", "load")
_SQL_EGRESS = ("copy_program", "copy_file")
_SQL_SESSION = (
    *(
        "set",
        "reset",
        "discard",
        "begin",
        "commit",
        "rollback",
        "savepoint",
        "release",
        "rollback_to",
        "prepare_transaction",
    ),
    *(
        "commit_prepared",
        "rollback_prepared",
        "set_transaction",
        "set_role",
        "set_session_authorization",
        "prepare",
        "execute",
    ),
    *("deallocate", "declare", "fetch", "move", "close", "listen", "unlisten", "set_constraints", "empty"),
)
_LLM_READ = (
    *("generate", "embed", "moderate", "count_tokens", "list_models", "read_response"),
    *("list_files", "download", "read_batch"),
)
_LLM_WRITE = (
    *("delete_response", "cancel_response", "upload", "delete_file", "create_batch", "cancel_batch", "delete_batch"),
)
_LLM_PARTS = ("offer", "disclose", "reveal", "restore")
"""A tool is offered to a model; a finding is disclosed to it, revealed by its answer, or restored from its token."""

NOT_UNDERSTOOD = "unknown"
"""The verb of a text that no language could read."""

VERBS = frozenset(
    {
        *(*_SQL_READ, *_SQL_WRITE, *_SQL_DDL, *_SQL_ADMIN, *_SQL_CODE, *_SQL_EGRESS, *_SQL_SESSION),
        *(*_LLM_READ, *_LLM_WRITE, *_LLM_PARTS),
        NOT_UNDERSTOOD,
    }
)

ACTION_KINDS = frozenset({"sql.query", "llm.answer", *(f"llm.{verb}" for verb in (*_LLM_READ, *_LLM_WRITE))})

OBJECT_KINDS = frozenset(
    {
        "",  # the action as a whole
        *(
            "relation",
            "sequence",
            "function",
            "procedure",
            "setting",
            "role",
            "schema",
            "database",
            "index",
            "type",
            "extension",
        ),
        *(
            "file",
            "program",
            "server",
            "trigger",
            "rule",
            "policy",
            "cursor",
            "prepared",
            "savepoint",
            "transaction",
            "channel",
        ),
        *("language", "publication", "subscription", "tablespace", "large_object", "anonymous"),
        *("access_method", "cast", "collation", "conversion", "event_trigger", "object", "operator", "operator_class"),
        *("operator_family", "statistics", "text_search", "transform"),
        *("model", "tool", "finding", "batch"),
    }
)

EFFECTS = frozenset(
    {
        "",
        # what a function does
        *(
            "pure",
            "read",
            "relation",
            "dynamic",
            "write",
            "file",
            "network",
            "admin",
            "cancel",
            "lock",
            "sleep",
            "amplify",
        ),
        *("definer", "unknown"),
        # what a setting governs
        *("lexing", "privilege", "transaction", "resource", "tame", "harmless"),
        # what a change of structure does to what is there
        *("additive", "maintenance", "destructive"),
    }
)
