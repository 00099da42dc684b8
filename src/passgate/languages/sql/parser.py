"""Text to statements, by PostgreSQL's own grammar, within limits that keep the gate alive.

Short texts are parsed in this process: below ``IN_PROCESS_BYTES`` no text of any form can exhaust the stack (tested). Longer ones
go to a process of their own. What cannot be parsed raises NotUnderstoodError with a reason the caller can act on.
"""

import re
from dataclasses import dataclass

import orjson

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.libpg_query import GrammarError, load
from passgate.languages.sql.parser_process import ParserProcess
from passgate.languages.sql.tree import ParsedStatement, unwrap

IN_PROCESS_BYTES = 8192
"""An OLTP statement is far below this; the deepest tree that fits needs under 3 MiB of stack."""

_OPERATOR_RUN = re.compile(rb"[~!@#^&|`?+\-*/%<>=]{513}")
"""The scanner rescans a run of operator characters once per character: 64 KB of ``+-`` would take seconds."""

_BRACKET = re.compile(rb"'[^']*'|\"[^\"]*\"|--[^\r\n]*|[()\[\]]")
"""A bracket, or a plain quote or comment that holds none. Near enough: this only bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``bytes``: of a text in UTF-8. ``depth``: of nested brackets. ``statements``: in one text.
    ``timeout_seconds``: for one text that is parsed out of process."""

    bytes: int = 65536
    depth: int = 200
    statements: int = 1000
    timeout_seconds: float = 2.0


class Parser:
    """One per process is enough. Keeps a worker process once a long text has come; ``close`` ends it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._library = load()
        self._process = ParserProcess(timeout_seconds=self.limits.timeout_seconds)

    def parse(self, text: str | bytes) -> tuple[ParsedStatement, ...]:
        """The statements of a text in order; none for a text of blanks and comments. Raises NotUnderstoodError."""
        data = self.checked(text)
        backend = self._library if len(data) <= IN_PROCESS_BYTES else self._process
        try:
            tree = orjson.loads(backend.parse(data))
            found = tree.get("stmts", ())
            if len(found) > self.limits.statements:
                raise NotUnderstoodError(
                    f"The text holds more than {self.limits.statements} statements. Send fewer at a time."
                )
            statements = []
            for raw in found:
                start = raw.get("stmt_location", 0)
                length = raw.get("stmt_len", 0)  # 0 stands for "up to the end"
                part = data[start : start + length] if length else data[start:]
                tag, node = unwrap(raw["stmt"])
                statements.append(
                    ParsedStatement(
                        tag=tag, node=node, text=part.decode(), position=start, fingerprint=backend.fingerprint(part)
                    )
                )
            return tuple(statements)
        except GrammarError as error:
            at = f" (character {error.position})" if error.position else ""
            raise NotUnderstoodError(f"The text is not PostgreSQL: {error}{at}") from error
        except orjson.JSONDecodeError as error:
            raise NotUnderstoodError(
                "The statement nests too deeply: send long chains of operators or UNION as a list (IN, VALUES) or in parts."
            ) from error

    def close(self) -> None:
        self._process.close()

    def checked(self, text: str | bytes) -> bytes:
        """The text in UTF-8, within the limits. Raises NotUnderstoodError."""
        try:
            data = text.encode() if isinstance(text, str) else text
            if isinstance(text, bytes):
                text.decode()
        except UnicodeError as error:
            raise NotUnderstoodError("The text is not valid UTF-8. Send it with client_encoding UTF8.") from error
        if b"\0" in data:
            raise NotUnderstoodError("The text holds a NUL character. Remove it.")
        if len(data) > self.limits.bytes:
            raise NotUnderstoodError(
                f"The text has {len(data)} bytes; at most {self.limits.bytes} are read. Send bulk values as parameters or in parts."
            )
        if _OPERATOR_RUN.search(data):
            raise NotUnderstoodError("The text holds more than 512 operator characters in a row. Shorten them.")
        if data.count(b"(") + data.count(b"[") > self.limits.depth and _depth(data) > self.limits.depth:
            raise NotUnderstoodError(f"Brackets nest more than {self.limits.depth} deep. Send a simpler statement.")
        return data


def _depth(data: bytes) -> int:
    """Deepest nesting of brackets outside plain quotes."""
    depth = deepest = 0
    for match in _BRACKET.finditer(data):
        if match[0] in (b"(", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif match[0] in (b")", b"]"):
            depth = max(0, depth - 1)
    return deepest
