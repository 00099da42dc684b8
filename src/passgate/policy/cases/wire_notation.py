"""Reads a conversation of the PostgreSQL protocol told in words, and says what the gate does with it.

    Parse(name='s1', query='DELETE FROM orders') Bind(portal='', stmt='s1') Execute('')
    StartupMessage(user='a', options='-c role=postgres')
    Query('COPY orders FROM STDIN') CopyData*100000 CopyDone

A message is a word, perhaps with arguments in brackets and a repeat count. What the endpoint refuses by itself (start-up options,
replication, FunctionCall, another session's cancel key, plain bytes behind an SSLRequest) is a refusal; what is not modelled too.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from passgate.pipeline.protocols import Input
from passgate.policy.cases.request import Refusal, Request, Statement

Argument = str | None | bytes | list["Argument"]

_CONNECTIVES = frozenset({"then", "and", "->", "→", ",", ";", "+"})
_REPLICATION = frozenset(
    {
        *("BASE_BACKUP", "START_REPLICATION", "IDENTIFY_SYSTEM", "CREATE_REPLICATION_SLOT", "DROP_REPLICATION_SLOT"),
        *("READ_REPLICATION_SLOT", "ALTER_REPLICATION_SLOT", "TIMELINE_HISTORY", "UPLOAD_MANIFEST"),
    }
)
_HARMLESS_PARAMETERS = frozenset(
    {
        *(
            "user",
            "database",
            "application_name",
            "datestyle",
            "timezone",
            "extra_float_digits",
            "intervalstyle",
            "bytea_output",
        ),
        *("client_encoding", "client_min_messages"),
    }
)
_SILENT = frozenset(
    {
        *(
            "Sync",
            "Flush",
            "Terminate",
            "Describe",
            "PasswordMessage",
            "SASLInitialResponse",
            "SASLResponse",
            "GSSENCRequest",
        ),
        *("CopyFail",),
    }
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|->|→|[,;+]")
_TOKEN = re.compile(
    r"\s*(?:(?P<text>[bB]?'(?:[^'\\]|''|\\.)*'|[bB]?\"(?:[^\"\\]|\\.)*\")|(?P<mark>[()\[\]{},=:])|(?P<word>[^\s()\[\]{},=:'\"]+))",
    re.DOTALL,
)


class _NotModelledError(Exception):
    """The words are not a conversation that is modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    name: str
    positional: list[Argument]
    named: dict[str, Argument]

    def text(self, place: int, *names: str) -> str:
        for name in names:
            if name in self.named:
                return _text(self.named[name])
        return _text(self.positional[place]) if place < len(self.positional) else ""


@dataclass(slots=True, kw_only=True)
class _Conversation:
    """What the server would remember: statements and portals by name. What was prepared and never run is judged all the same."""

    out: list[Statement | Refusal] = field(default_factory=list)
    statements: dict[str, str] = field(default_factory=dict)
    portals: dict[str, Statement] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    executed: set[str] = field(default_factory=set)
    copying: bool = False
    clear: bool = True


def read_wire(text: str) -> Request:
    conversation = _Conversation()
    try:
        for message in _messages(text):
            _play(conversation, message)
    except _NotModelledError as unknown:
        conversation.out.append(Refusal(reason=str(unknown)))
    out = conversation.out
    out += [portal for name, portal in conversation.portals.items() if name not in conversation.executed]
    out += [Statement(text=sql) for name, sql in conversation.statements.items() if name not in conversation.bound]
    if not text.strip():
        out.append(Refusal(reason="There are no words."))
    return tuple(out)


def _play(conversation: _Conversation, message: _Message) -> None:
    if not conversation.clear and message.name not in ("StartupMessage", "SSLRequest", "GSSENCRequest"):
        raise _NotModelledError(
            "Bytes behind an SSLRequest in the same segment were not encrypted, so they are not read."
        )
    if message.name in _SILENT:
        return
    handler = _HANDLERS.get(message.name)
    if handler is None:
        raise _NotModelledError(f"{message.name!r} is not a message that the endpoint takes from a client.")
    handler(conversation, message)


# -- messages ----------------------------------------------------------------------------------------------------------


def _query(conversation: _Conversation, message: _Message) -> None:
    sql = message.text(0, "query", "sql", "text", "string")
    conversation.copying = "copy" in sql.lower()
    conversation.out.append(Statement(text=sql))


def _parse(conversation: _Conversation, message: _Message) -> None:
    only = len(message.positional) == 1 and not message.named
    name = "" if only else message.text(0, "name", "stmt", "statement")
    conversation.statements[name] = message.text(0 if only else 1, "query", "sql", "text")
    conversation.bound.discard(name)


def _bind(conversation: _Conversation, message: _Message) -> None:
    values = message.named.get("params", message.named.get("parameters", message.named.get("values", [])))
    texts = [item for item in message.positional if not isinstance(item, list)]
    for item in message.positional:
        if isinstance(item, list):
            values = item
    alone = len(texts) == 1
    portal = _text(message.named.get("portal", "" if alone or not texts else texts[0]))
    name = _text(message.named.get("stmt", message.named.get("statement", texts[-1] if texts else "")))
    if name not in conversation.statements:
        raise _NotModelledError(f"There is no prepared statement {name!r}.")
    inputs = tuple(_input(value) for value in (values if isinstance(values, list) else [values]))
    conversation.portals[portal] = Statement(text=conversation.statements[name], inputs=inputs)
    conversation.bound.add(name)
    conversation.executed.discard(portal)
    conversation.copying = "copy" in conversation.statements[name].lower()


def _execute(conversation: _Conversation, message: _Message) -> None:
    portal = message.text(0, "portal")
    if portal not in conversation.portals and portal in conversation.statements:
        conversation.bound.add(portal)
        conversation.portals[portal] = Statement(text=conversation.statements[portal])
    if portal not in conversation.portals:
        raise _NotModelledError(f"There is no portal {portal!r}.")
    conversation.executed.add(portal)
    conversation.out.append(conversation.portals[portal])


def _close(conversation: _Conversation, message: _Message) -> None:
    for name in (*message.positional, *message.named.values()):
        conversation.portals.pop(_text(name), None)


def _copied(conversation: _Conversation, message: _Message) -> None:
    if not conversation.copying:
        raise _NotModelledError(f"{message.name} without a COPY is out of order.")


def _startup(conversation: _Conversation, message: _Message) -> None:
    conversation.clear = True
    for name in message.named:
        if name.lower() not in _HARMLESS_PARAMETERS:
            raise _NotModelledError(f"The start-up parameter {name!r} is the gate's to set.")
    if message.positional:
        raise _NotModelledError("Start-up parameters have names.")
    encoding = message.named.get("client_encoding")
    if encoding is not None and _text(encoding).lower().replace("-", "") not in ("utf8", "unicode"):
        raise _NotModelledError("The gate reads UTF-8 only.")


def _encrypt(conversation: _Conversation, _: _Message) -> None:
    conversation.clear = False


def _refused(reason: str) -> Callable[[_Conversation, _Message], None]:
    def refuse(_: _Conversation, __: _Message) -> None:
        raise _NotModelledError(reason)

    return refuse


_HANDLERS: dict[str, Callable[[_Conversation, _Message], None]] = {
    "Query": _query,
    "Parse": _parse,
    "Bind": _bind,
    "Execute": _execute,
    "Close": _close,
    "CopyData": _copied,
    "CopyDone": _copied,
    "StartupMessage": _startup,
    "SSLRequest": _encrypt,
    "FunctionCall": _refused("FunctionCall names a function by number and is refused."),
    "CancelRequest": _refused("A cancel key is valid in the session that it was given to, and nowhere else."),
} | dict.fromkeys(_REPLICATION, _refused("Replication connections are refused."))


# -- notation ------------------------------------------------------------------------------------------------------------


def _messages(text: str) -> Iterator[_Message]:
    at = 0
    while rest := text[at:].lstrip():
        at = len(text) - len(rest)
        word = _WORD.match(text, at)
        if word is None:
            raise _NotModelledError(f"These words are no message: {rest[:40]!r}")
        at = word.end()
        if word[0] in _CONNECTIVES:
            continue
        if word[0] in _REPLICATION:
            yield _Message(name=word[0], positional=[], named={})
            return
        positional: list[Argument] = []
        named: dict[str, Argument] = {}
        if text[at : at + 1] == "(":
            at = _arguments(text, at + 1, positional, named)
        repeat = re.compile(r"\s*[*x×]\s*\d+").match(text, at)
        at = repeat.end() if repeat else at
        yield _Message(name=word[0], positional=positional, named=named)


def _arguments(text: str, at: int, positional: list[Argument], named: dict[str, Argument]) -> int:
    while True:
        kind, value, at = _token(text, at)
        if (kind, value) == ("mark", ")"):
            return at
        if (kind, value) == ("mark", ","):
            continue
        if kind == "word" and text[at:].lstrip()[:1] in ("=", ":"):
            _, _, at = _token(text, at)
            named[value], at = _value(text, *_token(text, at))
        else:
            given, at = _value(text, kind, value, at)
            positional.append(given)


def _value(text: str, kind: str, value: str, at: int) -> tuple[Argument, int]:
    if kind == "text":
        return _unquoted(value), at
    if kind == "word":
        return (None if value.lower() in ("null", "none") else value), at
    if value != "[":
        raise _NotModelledError(f"{value!r} is out of place.")
    items: list[Argument] = []
    while True:
        kind, value, at = _token(text, at)
        if (kind, value) == ("mark", "]"):
            return items, at
        if (kind, value) != ("mark", ","):
            item, at = _value(text, kind, value, at)
            items.append(item)


def _token(text: str, at: int) -> tuple[str, str, int]:
    found = _TOKEN.match(text, at)
    if found is None or found.lastgroup is None:
        raise _NotModelledError("A bracket or a quote is not closed.")
    return found.lastgroup, found[found.lastgroup], found.end()


def _unquoted(quoted: str) -> str | bytes:
    if quoted[0] in "bB":
        return quoted[2:-1].encode()
    inner = quoted[1:-1]
    return re.sub(r"''|\\(['\"\\])", lambda m: m[1] or "'", inner) if quoted[0] == "'" else inner.replace('\\"', '"')


def _text(argument: Argument) -> str:
    if isinstance(argument, str):
        return argument
    if argument is None:
        return ""
    raise _NotModelledError("A text was expected.")


def _input(value: Argument) -> Input:
    if isinstance(value, bytes | list):
        return Input(value=None, opaque=True)
    return Input(value=value)
