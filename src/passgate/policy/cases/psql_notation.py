"""Reads what a person types into psql, and says what of it reaches the gate.

psql itself acts on backslash commands. What they send is judged like any statement (``\\copy`` sends a COPY); what runs on the
client's machine, reads text that nobody has seen, or leaves for another connection is a refusal, since no gate can stand there.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from passgate.pipeline.protocols import Input
from passgate.policy.cases.request import Refusal, Request, Statement

_CATALOG = re.compile(r"d[A-Za-z]*|l|list|lo_list|sf|sv|z")
_QUIET = frozenset(
    {
        *(
            "a",
            "C",
            "H",
            "T",
            "t",
            "x",
            "f",
            "pset",
            "timing",
            "echo",
            "qecho",
            "warn",
            "errverbose",
            "conninfo",
            "copyright",
        ),
        *("h", "help", "?", "q", "p", "print", "quit", "html"),
    }
)
"""Show, format or remember something on the client, and send nothing."""

_SENDING = frozenset({"g", "gx", "gdesc", "gset", "crosstabview", "watch", "bind"})
_REFUSED = {
    "!": "runs a command on the client's machine",
    "gexec": "runs the rows of a result as statements that nobody has seen",
    "i": "runs a file that nobody has seen",
    "ir": "runs a file that nobody has seen",
    "include": "runs a file that nobody has seen",
    "include_relative": "runs a file that nobody has seen",
    "e": "opens an editor on the client's machine",
    "edit": "opens an editor on the client's machine",
    "ef": "opens an editor on the client's machine",
    "ev": "opens an editor on the client's machine",
    "c": "opens another connection",
    "connect": "opens another connection",
    "cd": "changes the client's folder",
    "setenv": "changes which programs psql runs on the client's machine",
    "password": "changes a password",
    "lo_import": "moves a large object between the database and the client's files",
    "lo_export": "moves a large object between the database and the client's files",
    "lo_unlink": "deletes a large object",
    "encoding": "changes how every later statement is read",
}
_COPY = re.compile(
    r"(?P<what>\(.*\)|(?:\"(?:[^\"]|\"\")*\"|[^\s(\"])+\s*(?:\([^)]*\))?)\s+(?P<way>to|from)\s+"
    r"(?P<where>'(?:[^']|'')*'|\S+)(?P<program>\s+'(?:[^']|'')*')?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OPTIONS = re.compile(r"\([^()]*\)")
"""What may stand behind \\g: a list of formatting options, and nothing else."""

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VARIABLE = re.compile(r":(?:'(?P<literal>\w+)'|\"(?P<name>\w+)\"|(?P<plain>\w+))")
_QUOTED = re.compile(
    r"[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<tag>\$(?:[A-Za-z_\x80-\U0010ffff]\w*)?\$).*?(?P=tag)|--[^\n]*",
    re.DOTALL,
)


@dataclass(slots=True, kw_only=True)
class _Client:
    """psql's own state: the statement being typed, its bound values, the variables.

    A variable whose text cannot be told is None; ``overwritten``: any may be, by names that came out of a result. ``branches``: how
    many ``\\if`` are open.
    """

    out: list[Statement | Refusal] = field(default_factory=list)
    buffer: str = ""
    values: tuple[Input, ...] | None = None
    variables: dict[str, str | None] = field(default_factory=dict)
    overwritten: bool = False
    branches: int = 0

    @property
    def typing(self) -> bool:
        """Whether a statement has been begun."""
        return bool(_COMMENT.sub("", self.buffer).strip())

    def send(self) -> None:
        if self.buffer.strip():
            self.out.append(Statement(text=self.buffer.strip(), inputs=self.values))
        self.buffer, self.values = "", None

    def refuse(self, reason: str) -> None:
        self.out.append(Refusal(reason=reason))


def read_psql(text: str) -> Request:
    client = _Client()
    at = 0
    while at < len(text):
        at = _step(client, text, at)
    client.send()
    if not text.strip():
        client.refuse("Nothing was typed.")
    return tuple(client.out)


def _step(client: _Client, text: str, at: int) -> int:
    """Take one quoted part, comment, command or character."""
    if text.startswith("/*", at):
        end = _comment_end(text, at)
        client.buffer += text[at:end]
        return end
    boundary = at == 0 or not (text[at - 1].isalnum() or text[at - 1] in "_$")
    quoted = _QUOTED.match(text, at) if boundary or text[at] in "'\"-" else None
    if quoted is not None:
        client.buffer += quoted[0]
        return quoted.end()
    if text[at] == "\\":
        return _command(client, text, at)
    if text[at] == ";":
        client.buffer += ";"
        client.send()
        return at + 1
    variable = _VARIABLE.match(text, at) if text[at] == ":" and text[at - 1 : at] != ":" else None
    if variable is not None:
        client.buffer += _interpolated(client, variable)
        return variable.end()
    client.buffer += text[at]
    return at + 1


def _comment_end(text: str, at: int) -> int:
    """Comments nest in PostgreSQL."""
    depth = 0
    for mark in re.compile(r"/\*|\*/").finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _interpolated(client: _Client, variable: re.Match[str]) -> str:
    """psql leaves a variable that is not set as it is."""
    name = variable["literal"] or variable["name"] or variable["plain"]
    value = client.variables.get(name)
    if client.overwritten or (value is None and name in client.variables):
        client.refuse(f"The text of the variable {name} cannot be told.")
    if value is None:
        return variable[0]
    if variable["literal"]:
        return "'" + value.replace("'", "''") + "'"
    return '"' + value.replace('"', '""') + '"' if variable["name"] else value


# -- backslash commands --------------------------------------------------------------------------------------------------


def _command(client: _Client, text: str, at: int) -> int:
    if text.startswith("\\;", at):
        client.buffer += ";"
        return at + 2
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    found = re.compile(r"\\(!|\?|[A-Za-z_]+)([+S]*)").match(text, at)
    if found is None:
        client.refuse("This is not a command of psql.")
        return end
    name = found[1]
    whole = name in ("copy", "!")  # these take the rest of the line as it is
    stop = end if whole else _arguments_end(text, found.end(), end)
    typing = client.typing
    arguments = text[found.end() : stop].strip()
    _act(client, name, arguments)
    may_fail = name != "bind" and not (name in _QUIET and not arguments)
    if typing and client.typing and may_fail and text[stop:end].strip():
        client.refuse(
            "psql drops the rest of a line behind a command that fails: what the statement is cannot be told."
        )
    return stop + 2 if text.startswith("\\\\", stop) else stop


def _arguments_end(text: str, at: int, end: int) -> int:
    """Arguments end with the line, or where the next command begins outside quotes."""
    while at < end:
        quoted = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"[^\"]*\"|`[^`]*`").match(text, at, end)
        if quoted is not None:
            at = quoted.end()
        elif text[at] == "\\":
            return at
        else:
            at += 1
    return end


def _act(client: _Client, name: str, arguments: str) -> None:
    if "`" in arguments and name != "copy":
        client.refuse("Backticks run a command on the client's machine.")
    elif name in _REFUSED:
        if name != "encoding" or arguments:
            client.refuse(f"\\{name} {_REFUSED[name]}.")
    elif name in _SPECIAL:
        _SPECIAL[name](client, arguments)
    elif name in _SENDING:
        _send(client, name, arguments)
    elif name.startswith("deu"):
        client.refuse("User mappings hold the credentials of other servers.")
    elif name not in _QUIET and not _CATALOG.fullmatch(name):
        client.refuse(f"\\{name} is not a command that is modelled.")


def _send(client: _Client, name: str, arguments: str) -> None:
    if name in ("g", "gx") and arguments and not _OPTIONS.fullmatch(arguments):
        client.refuse(f"\\{name} with a file or a program writes the result where no gate stands.")
    elif name == "bind":
        client.values = tuple(Input(value=word, opaque=_changed(word)) for word in _words(arguments))
    else:
        client.send()
        client.overwritten = client.overwritten or name == "gset"


def _copy(client: _Client, arguments: str) -> None:
    found = _COPY.fullmatch(arguments)
    if found is None:
        client.refuse("This \\copy cannot be read.")
    elif found["where"].lower() == "program" or found["program"]:
        client.refuse("\\copy with a program runs it on the client's machine.")
    else:
        way = "TO STDOUT" if found["way"].lower() == "to" else "FROM STDIN"
        client.out.append(Statement(text=f"COPY {found['what']} {way}{found['rest']}"))


def _set(client: _Client, arguments: str) -> None:
    words = _words(arguments)
    if words and words[0] == "HISTFILE":
        client.refuse("HISTFILE makes psql write a file on the client's machine.")
    elif words:
        value = "".join(words[1:])
        client.variables[words[0]] = None if client.branches or _changed(arguments) else value


def _changed(arguments: str) -> bool:
    """Whether psql may make something else of it: an escape, or another variable."""
    return "\\" in arguments or ":" in arguments


def _unset(client: _Client, arguments: str) -> None:
    for name in _words(arguments)[:1]:
        if client.branches:
            client.variables[name] = None
        else:
            client.variables.pop(name, None)


def _prompt(client: _Client, arguments: str) -> None:
    for name in _words(arguments)[-1:]:
        client.variables[name] = None


def _reset(client: _Client, _arguments: str) -> None:
    client.buffer, client.values = "", None


def _branch(step: int) -> Callable[[_Client, str], None]:
    """Both branches are judged; psql takes the parts of one statement from one of them only."""

    def act(client: _Client, _arguments: str) -> None:
        if client.typing:
            client.refuse("Which branch a part of the statement stands in cannot be told.")
        client.branches = max(0, client.branches + step)

    return act


def _redirect(client: _Client, arguments: str) -> None:
    if arguments:
        client.refuse("A file or a program on the client's machine takes it where no gate stands.")


def _words(arguments: str) -> list[str]:
    found = re.findall(r"'((?:[^'\\]|''|\\.)*)'|(\S+)", arguments)
    return [quoted.replace("''", "'") if quoted or not plain else plain for quoted, plain in found]


_SPECIAL: dict[str, Callable[[_Client, str], None]] = {
    "copy": _copy,
    "set": _set,
    "unset": _unset,
    "prompt": _prompt,
    "r": _reset,
    "reset": _reset,
    "if": _branch(1),
    "elif": _branch(0),
    "else": _branch(0),
    "endif": _branch(-1),
    "o": _redirect,
    "out": _redirect,
    "w": _redirect,
    "write": _redirect,
    "s": _redirect,
}
