"""YAML text to plain values, remembering where each of them stands."""

from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from passgate.config.problems import Place, Problem

_MAX_NODES = 100_000
"""A configuration has hundreds; this only stops one that expands its own aliases without end."""

_TAG = "tag:yaml.org,2002:"

Value = str | int | float | bool | None | tuple["Value", ...] | dict[str, "Value"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """``value`` is the document; ``values`` and ``keys`` say where each value, and the key in front of it, stands."""

    value: Value
    values: dict[Path, Place]
    keys: dict[Path, Place]
    problems: tuple[Problem, ...]


def read_yaml(text: str) -> Source:
    """YAML 1.2, one document. Lists become tuples. Never raises for a bad text: what is wrong is in ``problems``."""
    try:
        root: Any = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(line=mark.line + 1, column=mark.column + 1) if mark else Place(line=1, column=1)
        what = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        return _failed(Problem(place=place, path=(), text=f"not valid YAML: {what}"))
    except YAMLError as error:
        what = " ".join(str(error).split())
        return _failed(Problem(place=Place(line=1, column=1), path=(), text=f"not valid YAML: {what}"))
    walk = _Walk()
    value = {} if root is None else walk.value(root, ())
    walk.values.setdefault((), Place(line=1, column=1))
    return Source(value=value, values=walk.values, keys=walk.keys, problems=tuple(walk.problems))


def _failed(problem: Problem) -> Source:
    return Source(value=None, values={(): Place(line=1, column=1)}, keys={}, problems=(problem,))


class _Walk:
    def __init__(self) -> None:
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._nodes = 0

    def value(self, node: Node, path: Path) -> Value:
        self.values[path] = _place(node)
        self._nodes += 1
        if id(node) in self._open or self._nodes > _MAX_NODES:
            self._problem(
                node, path, "an alias makes this endless" if id(node) in self._open else "the file is too large"
            )
            return None
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return tuple(self.value(item, (*path, index)) for index, item in enumerate(node.value))
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
        finally:
            self._open.discard(id(node))
        raise AssertionError(f"a YAML node of an unknown kind: {node!r}")

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Value]:
        mapping: dict[str, Value] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._problem(key_node, path, "a key must be a plain word")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in mapping:
                first = self.keys[here]
                self._problem(key_node, here, f"the key stands here twice (first in line {first.line})")
                continue
            self.keys[here] = _place(key_node)
            mapping[key] = self.value(value_node, here)
        return mapping

    def _scalar(self, node: ScalarNode, path: Path) -> Value:
        text = str(node.value)
        tag = str(node.tag).removeprefix(_TAG)
        try:
            match tag:
                case "str" | "timestamp":
                    return text
                case "int":
                    return int(text.replace("_", ""), 10 if text.lstrip("+-").isdecimal() else 0)
                case "float":
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
                case "bool":
                    return text.lower() == "true"
                case "null":
                    return None
        except ValueError:
            return text
        self._problem(node, path, f"the YAML tag {tag} has no meaning here")
        return None

    def _problem(self, node: Node, path: Path, text: str) -> None:
        self.problems.append(Problem(place=_place(node), path=path, text=text))


def _place(node: Node) -> Place:
    return Place(line=node.start_mark.line + 1, column=node.start_mark.column + 1)
