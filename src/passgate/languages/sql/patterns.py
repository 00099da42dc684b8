"""Whether a text pattern can leave anything out."""

import re

_LITERAL_START = re.compile(r"\^(?:[A-Za-z0-9 _@-]|\\[.\-/+])(?![*?{])")
_LONG_ENOUGH = 3
"""Literal characters inside a LIKE pattern that begins with a wildcard: ``%@%`` matches every address, ``%@example%`` does not."""


def like_narrows(pattern: str) -> bool:
    """A LIKE pattern with the default escape: it begins with a letter or digit among its literals, or holds several in a row."""
    runs: list[int] = [0]
    at = 0
    while at < len(pattern):
        if pattern[at] in "%_":
            runs.append(0)
        else:
            at += pattern[at] == "\\"
            runs[-1] += pattern[at : at + 1].isalnum()
        at += 1
    return runs[0] > 0 or max(runs) >= _LONG_ENOUGH


def regex_narrows(pattern: str) -> bool:
    """A regular expression that is tied to the start and goes on with a literal that must be there, without alternatives."""
    return "|" not in pattern and _LITERAL_START.match(pattern) is not None
