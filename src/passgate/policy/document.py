"""One YAML file as nodes that know their place. Nothing is guessed: a wrong key, kind or value is a problem, not a default."""

import re
import unicodedata
from collections.abc import Collection

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from passgate.policy.cel import lookalike, nearest
from passgate.policy.problems import Place, Problem

MAX_BYTES = 4 * 1024 * 1024
"""A bundle of a thousand long rules is about 0.5 MB."""

_DECIMAL = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,18})")
"""No leading zeros: ``0100`` is 64 to one reader of YAML and 100 to the next."""
_MOST = 2**63 - 1
_DIRECTIVE = re.compile(r"^%YAML", re.MULTILINE)
_STRING_TAG = "tag:yaml.org,2002:str"
_INT_TAG = "tag:yaml.org,2002:int"
_BOOL_TAG = "tag:yaml.org,2002:bool"
_MERGE_TAG = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


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
        if directive := _DIRECTIVE.search(self._text):
            # Under YAML 1.1 the same words mean something else: ``on`` is true, 0100 is 64.
            self._problems.append(
                Problem(self._at(directive.start()), "a policy file is YAML 1.2", "leave out the %YAML line")
            )
            return None
        try:
            root: Node | None = YAML(typ="safe", pure=True).compose(self._text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file)
            what = " ".join(f"{error.context or ''} {error.problem or ''}".split())
            remedy = "indent with spaces" if "'\\t'" in what else ""
            self._problems.append(Problem(place, f"not YAML: {what}", remedy))
            return None
        except ReaderError as error:
            what = f"not YAML: character U+{int(error.character):04X} may not stand in a file"
            self._problems.append(Problem(self._at(error.position), what, "leave it out"))
            return None
        except (YAMLError, RecursionError) as error:
            self._problems.append(Problem(Place(self.file), f"not YAML: {error}"))
            return None
        if root is None:
            self._problems.append(Problem(Place(self.file), "the file is empty", "write rules: [...]"))
        return root

    def _at(self, index: int) -> Place:
        before = self._text[:index]
        return Place(self.file, before.count("\n") + 1, index - before.rfind("\n"))

    @property
    def problems(self) -> int:
        """How many there are so far."""
        return len(self._problems)

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
        return self._at(node.start_mark.index + at)

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
        self._untagged(node, what)
        found: dict[str, Node] = {}
        for key, value in node.value:
            if value.start_mark.index == value.end_mark.index:
                # A value that is not there is marked where the next thing stands.
                self._empty[id(value)] = Place(self.file, key.end_mark.line + 1, key.end_mark.column + 1)
            if key.tag == _MERGE_TAG:
                self.report(key, "keys are not merged here", "write them out where << stands")
                continue
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
            self.report(node, f"{what} must be a list, not {_kind(node)}", "write [...], or - in front of each item")
            return []
        self._untagged(node, what)
        return list(node.value)

    def text(self, node: Node | None, what: str) -> str | None:
        if node is None:
            return None
        if not isinstance(node, ScalarNode) or node.tag != _STRING_TAG:
            raw = self._text[node.start_mark.index : node.end_mark.index].strip()
            if isinstance(node, ScalarNode) and raw[:1] in ("!", "&"):
                meaning = "tag" if raw[0] == "!" else "anchor"
                self.report(
                    node, f"{what} must be text, and {raw.split()[0]} is a {meaning} of YAML", "put it in quotes"
                )
            else:
                remedy = "put it in quotes" if isinstance(node, ScalarNode) and node.value != "" else ""
                self.report(node, f"{what} must be text, not {_kind(node)}", remedy)
            return None
        return str(node.value)

    def name(self, node: Node | None, what: str) -> str | None:
        """Text that is compared with something: neither empty, nor other than it looks."""
        word = self.text(node, what)
        if node is None or word is None:
            return None
        if not word.strip():
            self.report(node, f"{what} is empty")
            return None
        odd = lookalike(word)
        if odd is not None:
            self.report_in(node, odd.offset, odd.message, odd.remedy)
            return None
        return word

    def sentence(self, node: Node | None, what: str) -> str:
        """Text that people and agents are given, in a protocol's own error: no NUL that ends it, nothing that moves a cursor."""
        words = self.text(node, what) or ""
        bad = next((c for c in words if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cs")), None)
        if node is None or bad is None:
            return words
        self.report_in(node, words.index(bad), f"{what} has the character U+{ord(bad):04X} in it", "leave it out")
        return ""

    def _untagged(self, node: Node, what: str) -> None:
        if node.tag not in _PLAIN_TAGS:
            self.report(node, f"{what} has a tag of YAML that means nothing here", "leave it out")

    def texts(self, node: Node | None, what: str) -> tuple[str, ...]:
        found = (self.text(item, f"an item of {what}") for item in self.items(node, what))
        return tuple(text for text in found if text is not None)

    def integer(self, node: Node | None, what: str, *, least: int) -> int | None:
        if node is None:
            return None
        plain = isinstance(node, ScalarNode) and node.tag == _INT_TAG and _DECIMAL.fullmatch(node.value)
        if not plain or not least <= int(node.value) <= _MOST:
            digits = node.value.replace("_", "") if isinstance(node, ScalarNode) else ""
            remedy = f"write {int(digits)}" if digits.isascii() and digits.isdecimal() and len(digits) < 20 else ""
            remedy = remedy if remedy and least <= int(digits) <= _MOST else ""
            bounds = f"of at least {least}" if least > -_MOST else "that fits in 64 bits"
            self.report(node, f"{what} must be a whole number {bounds}, not {_kind(node)}", remedy)
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


def is_mapping(node: Node) -> bool:
    return isinstance(node, MappingNode)


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
