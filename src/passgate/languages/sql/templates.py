"""Texts that differ in literals only, understood once.

A text is cut at its plain literals: integers of at most nine digits, and strings without quotes or backslashes inside. What is left
must be the same byte for byte, so the server's scanner sees the same tokens; any text that is not plainly cut (other quoting,
comments, dollar quotes, prefixes) has no template. When a template comes up a second time, a *probe* of it is parsed, with a value
in each place that occurs nowhere else, and two things are shown once and for all:

1. the tree holds each value exactly once, in an ``A_Const``: the grammar did nothing else with it;
2. walking that tree never looks at such a value: what was understood holds for every other value too.

A statement whose meaning depends on a value (a constant condition of a write, GROUP BY 1, a name in a string) fails the second, and
is understood anew each time, as is everything but SELECT, INSERT, UPDATE and DELETE.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import replace

from passgate.core.action import Action
from passgate.languages.sql.tree import Node, ParsedStatement
from passgate.pipeline.protocols import Understood

LONGEST = 8192
"""Bytes of a text that is looked at: what repeats is shorter, and is parsed in this process."""

_MOST = 256
"""Templates remembered in a session."""

_KINDS = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"})

_LITERAL = re.compile(
    rb"((?<![\w$&\x80-\xff])'[^'\\]*'(?!')"  # a string that no letter before it makes another kind of
    rb'|"[^"]*"'  # a quoted name, kept as it is
    rb"|(?<![\w.$\x80-\xff])[0-9]{1,9}(?![\w.$\x80-\xff]))"
)
_UNSURE = re.compile(rb"""['"\\\0]|--|/\*|\$(?![0-9])""")
"""What must not be left between literals: then the cut could be in the wrong places."""

_QUOTE, _NAME = ord("'"), ord('"')


def cut(data: bytes) -> list[bytes] | None:
    """What stands between literals at even places, and between them ``'``, ``0``, or a quoted name; None if it is not plain."""
    if len(data) > LONGEST:
        return None
    parts = _LITERAL.split(data)
    literals = 0
    for place in range(1, len(parts), 2):
        first = parts[place][0]
        if first != _NAME:
            literals += 1
            parts[place] = b"'" if first == _QUOTE else b"0"
    if not literals or any(_UNSURE.search(part) for part in parts[::2]):
        return None
    return parts


class _Watch:
    """Whether anybody looked."""

    __slots__ = ("touched",)

    def __init__(self) -> None:
        self.touched = False


class _Watched(dict[str, object]):
    """The value of a literal, which tells its watch when it is looked at in any way.

    Compiled code reads dicts past their methods, so nothing that reads a tree may be compiled.
    """

    watch: _Watch


def _telling(method: Callable[..., object]) -> Callable[..., object]:
    def look(self: _Watched, *arguments: object, **named: object) -> object:
        self.watch.touched = True
        return method(self, *arguments, **named)

    return look


_UNSEEING = frozenset(
    {
        "__class__", "__class_getitem__", "__delattr__", "__doc__", "__getattribute__", "__getstate__", "__init__",
        "__init_subclass__", "__new__", "__setattr__", "__subclasshook__",
    }
)  # fmt: skip
"""What a dict has that says nothing of what is in it."""

for _name in dir(dict):
    if _name not in _UNSEEING and callable(getattr(dict, _name)):
        setattr(_Watched, _name, _telling(getattr(dict, _name)))


class Probe:
    """One text of a template, with a value in each place that occurs nowhere else."""

    def __init__(self, parts: list[bytes]) -> None:
        self._mark = secrets.token_hex(8)
        self._left: set[int | str] = set()
        self._watch = _Watch()
        filled = list(parts)
        for place in range(1, len(parts), 2):
            if parts[place] == b"'":
                text = f"{self._mark}{place}"
                self._left.add(text)
                filled[place] = f"'{text}'".encode()
            elif parts[place] == b"0":
                number = self._number()
                self._left.add(number)
                filled[place] = b"%d" % number
        self._numbers = frozenset(value for value in self._left if isinstance(value, int))
        self.data = b"".join(filled)

    def _number(self) -> int:
        while (number := 100_000_000 + secrets.randbelow(899_999_999)) in self._left:
            continue
        return number

    @property
    def unseen(self) -> bool:
        """Whether no value was looked at since ``watch``."""
        return not self._watch.touched

    def watch(self, statement: ParsedStatement) -> bool:
        """Put a watch on every value in the tree; False unless each is there once, in a statement of a kind that has templates."""
        if statement.tag not in _KINDS or not self._found(statement.node):
            return False
        self._watch.touched = False
        return not self._left

    def _found(self, node: object) -> bool:
        """Whether all that there is of the values below ``node`` is in constants, one of each."""
        if isinstance(node, dict):
            return all(
                self._constant(body) if key == "A_Const" else self._clean(key) and self._found(body)
                for key, body in node.items()
            )
        if isinstance(node, list):
            return all(self._found(one) for one in node)
        return self._clean(node)

    def _constant(self, body: Node) -> bool:
        for kind in ("ival", "sval"):
            inner = body.get(kind)
            if not isinstance(inner, dict):
                continue
            value = inner.get(kind)
            known = abs(value) if isinstance(value, int) else value
            if known in self._left:
                self._left.discard(known)
                watched = _Watched(inner)
                watched.watch = self._watch
                body[kind] = watched
                return True
        return self._found(body)

    def _clean(self, leaf: object) -> bool:
        if isinstance(leaf, str):
            return self._mark not in leaf
        return not (isinstance(leaf, int) and abs(leaf) in self._numbers)


class Template:
    """What all its texts mean. Before and behind the statement each of them has so many bytes."""

    __slots__ = ("_action", "_before", "_behind", "_sample")

    def __init__(self, *, action: Action, inputs_matter: bool, before: int, behind: int) -> None:
        self._action = action
        self._before = before
        self._behind = behind
        self._sample = Understood(actions=(action,), inputs_matter=inputs_matter)

    def explains(self, understood: Understood) -> bool:
        """Whether a text that was understood by itself means the same."""
        sample = self._sample
        if understood.inputs_matter != sample.inputs_matter or len(understood.actions) != 1:
            return False
        return understood.cacheable and replace(understood.actions[0], text="") == replace(self._action, text="")

    def understood(self, data: bytes) -> Understood:
        """What one of its texts means."""
        action = self._action
        own = Action(
            kind=action.kind,
            verb=action.verb,
            verb_class=action.verb_class,
            text=data[self._before : len(data) - self._behind].decode(),
            atoms=action.atoms,
            outputs=action.outputs,
            inputs=action.inputs,
            fingerprint=action.fingerprint,
            facts=action.facts,
        )
        return Understood(actions=(own,), inputs_matter=self._sample.inputs_matter, like=self._sample)


class Templates:
    """Those of one session. ``None``: a template that came up once, or that was shown to be none."""

    def __init__(self) -> None:
        self._known: dict[bytes, Template | None] = {}
        self._once: set[bytes] = set()
        self._version = ""

    def forget(self, version: str) -> None:
        """Texts may mean something else from now on, unless ``version`` is what it was."""
        if version != self._version:
            self._version = version
            self._known.clear()
            self._once.clear()

    def find(self, key: bytes) -> Template | None:
        return self._known.get(key)

    def repeats(self, key: bytes) -> bool:
        """Whether it is worth a proof: the template came up before, and nothing is known of it."""
        if key in self._known:
            return False
        if key in self._once:
            return True
        if len(self._once) >= _MOST:
            self._once.clear()
        self._once.add(key)
        return False

    def keep(self, key: bytes, template: Template | None) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[key] = template
