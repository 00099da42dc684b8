"""What a JSON body of one operation must be, and where in it is what policy asks for."""

from collections.abc import Mapping
from dataclasses import dataclass

from passgate.codecs.llm.call import MAX_NAME
from passgate.codecs.llm.json_text import Json
from passgate.codecs.llm.rules import Members
from passgate.core.errors import RemoteProtocolError

_KINDS: Mapping[str, tuple[type, ...]] = {
    "a string": (str,),
    "an array": (list,),
    "an object": (dict,),
    "a boolean": (bool,),
    "an integer": (int,),
    "a string or an array": (str, list),
    "a string, an array or an object": (str, list, dict),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A top-level member that policy depends on. ``kind``: one of the phrases above. ``of``: what its items are, if it is an
    array."""

    name: str
    kind: str
    required: bool = False
    of: str = ""
    among: frozenset[str] = frozenset()

    def check(self, value: Json) -> None:
        """Raises RemoteProtocolError, which never tells the value."""
        if value is None:
            if self.required:
                raise RemoteProtocolError(f"/{self.name} is missing: it must be {self.kind}")
            return
        if not _is(value, self.kind):
            raise RemoteProtocolError(f"/{self.name} must be {self.kind}")
        if self.among and value not in self.among:
            raise RemoteProtocolError(f"/{self.name} must be one of {', '.join(sorted(self.among))}")
        if self.of and isinstance(value, list):
            for index, item in enumerate(value):
                if not _is(item, self.of):
                    raise RemoteProtocolError(f"/{self.name}/{index} must be {self.of}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """``root``: how every place is read. ``members``: what must have a certain shape. ``messages``: the member whose items are
    counted."""

    root: Members
    members: tuple[Member, ...] = ()
    messages: str = ""

    def check(self, tree: Json) -> Mapping[str, Json]:
        """The body as an object. Raises RemoteProtocolError where it is none, or a member has the wrong shape."""
        if not isinstance(tree, dict):
            raise RemoteProtocolError("the body must be an object")
        for member in self.members:
            member.check(tree.get(member.name))
        model = tree.get("model")
        if isinstance(model, str) and not 0 < len(model) <= MAX_NAME:
            raise RemoteProtocolError(f"/model must have 1 to {MAX_NAME} characters")
        return tree


def _is(value: Json, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "a boolean"
    return isinstance(value, _KINDS[kind])
