"""Names that may become labels: few, short, printable, and none that a caller has made up."""

from passgate.pipeline.protocols import CallMeasured

OTHER = "other"
_LENGTH = 100


def plain(text: str) -> str:
    """Short and printable ASCII: anything else could break an exposition, or a whole batch of spans."""
    cut = text[:_LENGTH]
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(character if " " <= character <= "~" else "?" for character in cut)


class Bounded:
    """The first ``limit`` values are themselves, all later ones ``other``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        name = plain(value)
        if name not in self._known:
            if len(self._known) >= self._limit:
                return OTHER
            self._known.add(name)
        return name


class ModelNames:
    """A model's name is the caller's own text until a provider has answered for it: only then it is shown."""

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._answered: set[str] = set()

    def learn(self, call: CallMeasured) -> None:
        if call.outcome != "ok":
            return
        for name in (call.request_model, call.answer_model):
            if name and len(self._answered) < self._limit:
                self._answered.add(plain(name))

    def shown(self, name: str) -> str:
        """Empty for none."""
        known = plain(name)
        return known if known in self._answered or not name else OTHER
