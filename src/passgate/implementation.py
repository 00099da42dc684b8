"""Which twin of the compiled modules is in use: the compiled one, or the interpreted source that lies beside it.

``PASSGATE_IMPL=python`` or ``native`` selects; unset takes the compiled ones where they were built. It is looked at once, when the
package is imported.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType

from passgate.core.errors import ConfigError

COMPILED = (
    "passgate.codecs.llm.answers.chat_stream",
    "passgate.codecs.llm.answers.event_stream",
    "passgate.codecs.llm.answers.json_fragments",
    "passgate.codecs.llm.answers.messages_stream",
    "passgate.codecs.llm.answers.repetition",
    "passgate.codecs.llm.answers.responses_stream",
    "passgate.codecs.llm.answers.sse",
    "passgate.codecs.llm.answers.streamed_text",
    "passgate.codecs.llm.answers.whole_texts",
    "passgate.codecs.llm.answers.words",
    "passgate.codecs.llm.call",
    "passgate.codecs.llm.json_schema",
    "passgate.codecs.llm.json_text",
    "passgate.codecs.llm.logged_tokens",
    "passgate.codecs.llm.reading",
    "passgate.codecs.llm.rules",
    "passgate.codecs.postgres.bind",
    "passgate.codecs.postgres.conversation",
    "passgate.codecs.postgres.hot._framing",
    "passgate.codecs.postgres.hot._rows",
    "passgate.codecs.postgres.rows",
    "passgate.codecs.postgres.session.expected",
    "passgate.codecs.postgres.session.items",
    "passgate.codecs.postgres.session.names",
    "passgate.codecs.postgres.wire",
    "passgate.core.action",
    "passgate.core.decision",
    "passgate.core.event",
    "passgate.core.finding",
    "passgate.core.passes",
    "passgate.core.principal",
    "passgate.core.resource",
    "passgate.core.session",
    "passgate.core.shape",
    "passgate.endpoints.postgres.floor",
    "passgate.endpoints.postgres.guard",
    "passgate.endpoints.postgres.inputs",
    "passgate.endpoints.postgres.judging",
    "passgate.endpoints.postgres.line",
    "passgate.endpoints.postgres.outlet",
    "passgate.endpoints.postgres.relay",
    "passgate.endpoints.postgres.results",
    "passgate.endpoints.postgres.transcript",
    "passgate.languages.sql.language",
    "passgate.ledger.checkpoint",
    "passgate.ledger.envelope",
    "passgate.ledger.frames",
    "passgate.ledger.ids",
    "passgate.ledger.ledger",
    "passgate.ledger.log",
    "passgate.ledger.merkle",
    "passgate.ledger.recording",
    "passgate.ledger.segment",
    "passgate.ledger.writer",
    "passgate.masking.hot._strategies",
    "passgate.pipeline.gate",
    "passgate.pipeline.receipt",
    "passgate.pipeline.statements",
    "passgate.policy.evaluator",
    "passgate.policy.view",
)
"""What ``setup.py`` compiles with mypyc, in place: everything that runs for each row (``hot``) or each statement."""

_SHARED = "passgate__mypyc"
"""The library that all of them are compiled into; the file beside each source only leads there."""


class SourcesOnly(MetaPathFinder):
    """Finds this package's sources where Python's own finder would take the compiled file beside them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in COMPILED:
            return None
        for folder in path or ():
            found = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname, target)
            if found is not None:
                return found
        return None


def select() -> None:
    """Carry out the choice; called by the package itself, before any other of its modules is imported."""
    if os.environ.get("PASSGATE_IMPL") == "python":
        sys.meta_path.insert(0, SourcesOnly())


def wanted() -> str:
    """``python`` or ``native``. Raises ConfigError if ``PASSGATE_IMPL`` names something else or what was not built."""
    choice = os.environ.get("PASSGATE_IMPL", "")
    built = importlib.util.find_spec(_SHARED) is not None
    if choice not in ("", "python", "native"):
        raise ConfigError(f"PASSGATE_IMPL={choice!r} is not known: use python or native")
    if choice == "native" and not built:
        raise ConfigError("PASSGATE_IMPL=native, but the compiled modules were not built: run `make native`")
    return choice or ("native" if built else "python")


def twin(module: str) -> str:
    """Which twin of this compiled module an import finds."""
    found = importlib.util.find_spec(module)
    compiled = found is not None and (found.origin or "").endswith(tuple(EXTENSION_SUFFIXES))
    return "native" if compiled else "python"
