"""The way through one document: each scalar taken once, in order, as a leaf or passed over."""

from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import Document, Json
from passgate.codecs.llm.logged_tokens import WholeValue, said_by
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field

MAX_LEAVES = 100_000
MAX_POINTER = 1024
"""Characters. Names are repeated in the pointer of every value below them."""

_CONTEXT = 96
"""Characters of the names before a value that detectors are shown: no context word reaches further."""


class Reading:
    """Whoever walks the tree must take every name and every scalar of it, in order, exactly once."""

    def __init__(self, document: Document, *, exact: bool = False) -> None:
        """``exact``: no name may differ from one of the API's own by case only."""
        self.exact = exact
        self.leaves: list[Leaf] = []
        self.opaque: list[str] = []
        self.sealed: list[str] = []
        self.tools: list[str] = []
        self.models: list[str] = []
        self.limits: list[int] = []
        self.claims: dict[str, str] = {}
        self._document = document
        self._at = 0

    @property
    def taken(self) -> bool:
        """Whether the whole document was."""
        return self._at == self._document.scalars

    def skip(self, value: Json) -> None:
        """Pass over a value with everything in it."""
        if isinstance(value, dict):
            for member in value.values():
                self._at += 1
                self.skip(member)
        elif isinstance(value, list):
            for item in value:
                self.skip(item)
        else:
            self._at += 1

    def skip_name(self) -> None:
        self._at += 1

    def named(self, name: str, pointer: str, field: Field) -> str:
        """A member's name that is not one of the API's own: it is looked at, and cannot be edited. Returns the member's
        pointer."""
        below = f"{pointer}/{name}"
        if "~" in name or "/" in name:
            below = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        if len(below) > MAX_POINTER:
            raise RemoteProtocolError(f"the names that lead to a value have more than {MAX_POINTER} characters")
        self.scalar(name, below, field, fixed=True)
        return below

    def scalar(self, value: Json, pointer: str, field: Field, *, names: str = "", fixed: bool = False) -> None:
        """Strings and numbers become leaves; true, false and null say nothing of their own."""
        at = self._at
        self._at = at + 1
        quoted = True
        if isinstance(value, str):
            text = value.encode()
        elif value is None or isinstance(value, bool):
            return
        else:  # of a fraction or a very large number no other spelling will do
            quoted = False
            text = str(value).encode() if isinstance(value, int) else self._written(at)
        self._add(
            Leaf(
                at=at,
                places=self._document.places,
                pointer=pointer,
                field=field,
                text=text,
                context=names.encode(),
                fixed=fixed,
                quoted=quoted,
            )
        )

    def holding(self, value: str, pointer: str, field: Field, inner: tuple[Leaf, ...]) -> None:
        """A string that is JSON itself."""
        text = value.encode()
        places = self._document.places
        self._add(Leaf(at=self._at, places=places, pointer=pointer, field=field, text=text, inner=inner))
        self._at += 1

    def logged(self, value: dict[str, Json] | list[Json], pointer: str, field: Field) -> None:
        """The tokens of a text once more: one text, that is there as a whole or not at all. The name in front was just taken."""
        document = self._document
        self._add(
            Leaf(
                at=self._at,
                places=WholeValue(document.text, document.places, self._at - 1),
                pointer=pointer,
                field=field,
                text="\n".join(said_by(value)).encode(),
                gone=b"[]" if isinstance(value, list) else b"null",
            )
        )
        self.skip(value)

    def free(self, value: Json, pointer: str, field: Field, *, names: str = "", fixed: bool = False) -> None:
        """Everything in a value, of whatever shape: names, strings and numbers."""
        if isinstance(value, dict):
            for name, member in value.items():
                below = self.named(name, pointer, field)
                self.free(member, below, field, names=_joined(names, name), fixed=fixed)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.free(item, f"{pointer}/{index}", field, names=names, fixed=fixed)
        else:
            self.scalar(value, pointer, field, names=names, fixed=fixed)

    def unknown(self, name: str, value: Json, pointer: str, field: Field) -> None:
        """A member that no table knows: its name, and everything in it."""
        self.free(value, self.named(name, pointer, field), field, names=_joined("", name))

    def _written(self, at: int) -> bytes:
        start, end = self._document.places.span(at)
        return self._document.text[start:end]

    def _add(self, leaf: Leaf) -> None:
        if len(self.leaves) == MAX_LEAVES:
            raise RemoteProtocolError(f"the body has more than {MAX_LEAVES} texts")
        self.leaves.append(leaf)


def _joined(names: str, name: str) -> str:
    return f"{names}.{name}"[-_CONTEXT:] if names else name[-_CONTEXT:]
