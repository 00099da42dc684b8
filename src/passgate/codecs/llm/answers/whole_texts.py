"""Texts that stand in one piece: each through a lane of its own, edits for what was changed."""

from collections.abc import Iterable

from passgate.codecs.llm.answer import LaneSource
from passgate.codecs.llm.answers.json_fragments import SHORT_NUMBER, CleanString, JsonFragments
from passgate.codecs.llm.answers.streamed_text import Flow
from passgate.codecs.llm.answers.words import Copy
from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import quoted
from passgate.core.finding import Field
from passgate.core.masker import Shown

Edit = tuple[int, int, bytes]
"""``start``, ``end``, and the token that takes its place."""

_KNOWN_BYTES = 4 * 1024 * 1024
"""Bytes of texts whose masked form is remembered: a stream repeats what it said, up to five times."""


_DIGITS = 9
"""A number among the protocol's own that nobody knows says something from so many digits on, if it is whole."""


def _may_say(number: bytes, field: Field) -> bool:
    if field is Field.METADATA:
        return len(number) >= _DIGITS and number.isdigit()
    return len(number) > SHORT_NUMBER or not number.isdigit()


class WholeTexts:
    """Masks whole texts for one answer. The same text of the same field is masked once."""

    def __init__(self, lanes: LaneSource) -> None:
        self._lanes = lanes
        self._known: dict[tuple[Field, bytes, bytes, bool], Shown] = {}
        self._clean: set[CleanString] = set()
        self._room = _KNOWN_BYTES

    def open(self, field: Field, context: bytes, *, is_json: bool) -> Flow:
        return JsonFragments(self._lanes, field=field, clean=self._clean) if is_json else self._lanes(field, context)

    def shown(self, text: bytes, field: Field, context: bytes = b"", *, is_json: bool = False) -> Shown:
        """Raises DetectorError."""
        key = (field, context, text, is_json)
        known = self._known.get(key)
        if known is None:
            known = self.open(field, context, is_json=is_json).whole(text)
            self.remember(key, known)
        return known

    def remember(self, key: tuple[Field, bytes, bytes, bool], shown: Shown) -> None:
        size = 2 * len(key[2]) + len(shown.delivered) + len(shown.recorded)
        if size <= self._room:
            self._room -= size
            self._known[key] = shown

    def blank(self, copies: Iterable[Copy]) -> list[Edit]:
        """Edits that remove what itself says something that must be masked."""
        removed: list[Edit] = []
        for copy in copies:
            shown = self.shown(copy.text, Field.ASSISTANT)
            if not shown.delivered == copy.text == shown.recorded:
                removed.append((copy.start, copy.end, copy.gone))
        return removed

    def edits(self, leaves: Iterable[Leaf]) -> tuple[list[Edit], list[Edit]]:
        """For the caller, and for the recording. Raises DetectorError."""
        delivered: list[Edit] = []
        recorded: list[Edit] = []
        for leaf in leaves:
            if not leaf.text or (not leaf.quoted and not _may_say(leaf.text, leaf.field)):
                continue
            shown = self.shown(leaf.text, leaf.field, leaf.context, is_json=leaf.inner is not None)
            if shown.delivered != leaf.text:
                delivered.append((leaf.start, leaf.end, quoted(shown.delivered)))
            if shown.recorded != leaf.text:
                recorded.append((leaf.start, leaf.end, quoted(shown.recorded)))
        return delivered, recorded
