"""What somebody may have meant who wrote a word that is not known."""

import difflib
from collections.abc import Iterable

_ALIKE = 0.6
"""difflib's own measure of alike; much less, and the proposals are guesses."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing when no known word is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=_ALIKE)
    return f" (did you mean {near[0]!r}?)" if near else ""
