"""A case of kind ``llm``: one message to a model, as the action that the gate would make of it.

The text is what the user writes, or what a tool gave back where it says so (``tool result: ...``). It is handed in who finds
personal data and secrets in it: policy knows no detector.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from passgate.core.action import Action, Atom, ColumnRef, ObjectRef, VerbClass, finding_atom
from passgate.core.finding import Field, Finding, Span
from passgate.core.session import Session
from passgate.pipeline.protocols import Input, Understood

Finder = Callable[[bytes], Iterable[Span]]
"""The findings of one UTF-8 text."""

MODEL = "model"
"""What the model of a case is called: cases say nothing of it."""

_SOURCES = (
    *(
        "tool",
        "function",
        "mcp",
        "api",
        "command",
        "shell",
        "terminal",
        "query",
        "sql",
        "database",
        "db",
        "search",
        "web",
    ),
    *("browser", "fetched", "retrieved", "retrieval", "rag", "crawled", "scraped", "file", "document", "doc", "page"),
    *(
        "webpage",
        "website",
        "site",
        "html",
        "pdf",
        "attachment",
        "e-?mail",
        "mail",
        "ticket",
        "issue",
        "comment",
        "review",
    ),
    *(
        "pull request",
        "pr",
        "commit message",
        "log",
        "row",
        "record",
        "resource",
        "observation",
        "readme",
        "wiki",
        "article",
    ),
    r"[\w./-]{1,60}\.(?:md|txt|html?|json|csv|log|py|js|ya?ml|xml|pdf|docx?)",
)
_SAID = "call|search|page|results?|outputs?|responses?|contents?|body|text|document|description|returned|says|said|reads|contains"
_QUOTED_RESULT = re.compile(
    rf"\s*[\[<({{]?\s*(?:the |a |an |this )?(?:{'|'.join(_SOURCES)})(?:[ _-](?:{'|'.join(_SOURCES)}|{_SAID})){{0,3}}"
    r"(?: (?:from|of|for|by|in) [^:\n]{1,80})?[\])>}]?(?:\s*[:=]|(?<=[\])>}]))"
    r"|\s*\{\s*\"role\"\s*:\s*\"(?:tool|function)\"",
    re.IGNORECASE,
)
"""How a text begins that is what a tool gave back: a source, what it did, a colon; a tag; a message of that role."""


class PromptLanguage:
    """The ``Language`` of one-message prompts."""

    def __init__(self, find: Finder) -> None:
        self.find = find

    def open(self, session: Session) -> "PromptReader":  # noqa: ARG002 - the Protocol's
        return PromptReader(self.find)


class PromptReader:
    """The ``Understander`` of one-message prompts. It remembers nothing."""

    version = ""

    def __init__(self, find: Finder) -> None:
        self._find = find

    def understand(self, text: str, inputs: Sequence[Input] | None = None) -> Understood:  # noqa: ARG002 - the Protocol's
        """Raises DetectorError."""
        field = Field.TOOL_RESULT if _QUOTED_RESULT.match(text) else Field.USER
        data = text.encode("utf-8", "surrogatepass")
        counts = Counter((span.class_, span.type) for span in self._find(data))
        findings = tuple(
            Finding(class_=class_, type=type_, field=field, count=count)
            for (class_, type_), count in sorted(counts.items())
        )
        model = Atom(verb="generate", verb_class=VerbClass.READ, object=ObjectRef(kind="model", name=MODEL))
        action = Action(
            kind="llm.generate",
            verb="generate",
            verb_class=VerbClass.READ,
            text=text,
            atoms=(model, *(finding_atom("disclose", f.class_, f.type, f.field) for f in findings)),
            facts={"llm.model": MODEL, "llm.messages": 1, "llm.input_bytes": len(data)},
            findings=findings,
        )
        return Understood(actions=(action,), cacheable=False)

    def succeeded(self, action: Action) -> None:
        pass

    def transaction_ended(self, *, committed: bool) -> None:
        pass

    def name_taken(self, kind: str, name: str) -> None:
        pass

    def origin(self, container: int, part: int) -> ColumnRef | None:  # noqa: ARG002 - the Protocol's
        return None

    def close(self) -> None:
        pass
