"""One YAML file as nodes that know their place. Nothing is guessed: a wrong key, kind or value is a problem, not a default."""

import re
from collections.abc import Collection

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from passgate.policy.cel import nearest
from passgate.policy.problems import Place, Problem

MAX_BYTES = 4 * 1024 * 1024
"""A bundle of a thousand long rules is about 0.5 MB."""

_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}")
_STRING_TAG = "tag:yaml.org,2002:str"
_INT_TAG = "tag:yaml.org,2002:int"
_BOOL_TAG = "tag:yaml.org,2002:bool"


class Document:
    """``problems`` collects what the readers find; they answer None where there was nothing usable."""

    def __init__(self, file: str, text: str, problems: list[Problem]) -> None:
        self.file = file
        self._text = text
        self._problems = problems
        self._empty: dict[int, Place] = {}
        self.root = self._compose()

    def _compose(self) -> Node | None:
        if len(self._text) > MAX_BYTES:
            self._problems.append(Problem(Place(self.file), f"the file is larger than {MAX_BYTES} bytes"))
            return None
        try:
            root: Node | None = YAML(typ="safe", pure=True).compose(self._text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)
            self._problems.append(Problem(place, f"not YAML: {error.problem or error.context}"))
            return None
        except (YAMLError, RecursionError) as error:
            self._problems.append(Problem(Place(self.file), f"not YAML: {error}"))
            return None
        if root is None:
            self._problems.append(Problem(Place(self.file), "the file is empty", "write rules: [...]"))
        return root

    def place(self, node: Node) -> Place:
        if id(node) in self._empty:
            return self._empty[id(node)]
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def place_in(self, node: Node, offset: int) -> Place:
        """Where in the file a character of a scalar's value stands, through quotes, folding and indentation."""
        raw = self._text[node.start_mark.index : node.end_mark.index]
        at = 1 if raw[:1] in ("'", '"') else raw.find("\n") + 1 if raw[:1] in ("|", ">") else 0
        for character in node.value[:offset]:
            at = _after(raw, at, character)
        if offset < len(node.value) and not node.value[offset].isspace():
            while at < len(raw) - 1 and raw[at].isspace():
                at += 1
        before = self._text[: node.start_mark.index + at]
        return Place(self.file, before.count("\n") + 1, at + node.start_mark.index - before.rfind("\n"))

    def report(self, node: Node, message: str, remedy: str = "") -> None:
        self._problems.append(Problem(self.place(node), message, remedy))

    def report_in(self, node: Node, offset: int, message: str, remedy: str = "") -> None:
        self._problems.append(Problem(self.place_in(node, offset), message, remedy))

    # -- typed readers -------------------------------------------------------------------------------------------------

    def mapping(self, node: Node | None, what: str, keys: Collection[str] | None = None) -> dict[str, Node]:
        """The values by key; with ``keys``, any other key is a problem."""
        if node is None or not isinstance(node, MappingNode):
            if node is not None:
                self.report(node, f"{what} must be a mapping, not {_kind(node)}")
            return {}
        found: dict[str, Node] = {}
        for key, value in node.value:
            if value.start_mark.index == value.end_mark.index:
                # A value that is not there is marked where the next thing stands.
                self._empty[id(value)] = Place(self.file, key.end_mark.line + 1, key.end_mark.column + 1)
            name = self.text(key, f"a key of {what}")
            if name is None:
                continue
            if name in found:
                self.report(key, f"the key {name!r} stands twice in {what}")
            elif keys is not None and name not in keys:
                remedy = nearest(name, keys) or f"use one of {', '.join(sorted(keys))}"
                self.report(key, f"{what} has no key {name!r}", remedy)
            else:
                found[name] = value
        return found

    def items(self, node: Node | None, what: str) -> list[Node]:
        if node is None:
            return []
        if not isinstance(node, SequenceNode):
            self.report(node, f"{what} must be a list, not {_kind(node)}")
            return []
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.tag != _STRING_TAG:
            self.report(node, f"{what} must be text, not {_kind(node)}")
            return None
        return str(node.value)

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        found = (self.text(item, f"an item of {what}") for item in self.items(node, what))
        return tuple(text for text in found if text is not None)

    def integer(self, node: Node | None, what: str, *, least: int) -> int | None:
        if node is None:
            return None
        plain = isinstance(node, ScalarNode) and node.tag == _INT_TAG and _DECIMAL.fullmatch(node.value)
        if not plain or int(node.value) < least:
            self.report(node, f"{what} must be a whole number of at least {least}, not {_kind(node)}")
            return None
        return int(node.value)

    def boolean(self, node: Node, what: str) -> bool | None:
        if not isinstance(node, ScalarNode) or node.tag != _BOOL_TAG:
            self.report(node, f"{what} must be true or false, not {_kind(node)}")
            return None
        return str(node.value).lower() == "true"

    def choice(self, node: Node | None, what: str, choices: Collection[str]) -> str | None:
        word = self.text(node, what)
        if node is None or word is None or word in choices:
            return word
        self.report(
            node, f"{what} cannot be {word!r}", nearest(word, choices) or f"use one of {', '.join(sorted(choices))}"
        )
        return None


def is_text(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == _STRING_TAG


def is_list(node: Node) -> bool:
    return isinstance(node, SequenceNode)


def _kind(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    return repr(str(node.value)) if node.value != "" else "nothing"


def _after(raw: str, at: int, character: str) -> int:
    """The place in ``raw`` behind the one that stands for ``character``."""
    if character.isspace():
        return at + raw[at : at + 1].isspace()
    while at < len(raw) and raw[at].isspace():
        at += 1
    if raw[at : at + 2] == "''" or (raw[at : at + 1] == "\\" and character != "\\"):
        return at + 2
    return at + 1
