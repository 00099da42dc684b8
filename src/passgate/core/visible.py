"""What an eye does not see, or takes for something else, made visible to whoever must decide on a text."""

import unicodedata
from collections.abc import Iterator

_KEPT = "\n\t"


def visible(text: str) -> str:
    """Lines stay lines; whatever else has no shape, or turns the line around, is written out.

    What ends a line is what ends one for a server's comments: a line feed, a carriage return (written out where it stands alone),
    and nothing of what Unicode takes for one besides. Else ``-- `` would hide on the page what runs, or show as run what it hides.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\r\n")
    return "".join(c if c.isprintable() or c in _KEPT else repr(c)[1:-1] for c in lines)


def visible_lines(text: str) -> list[str]:
    """One at least."""
    return visible(text).removesuffix("\n").split("\n")


def odd_characters(text: str) -> Iterator[str]:
    """What an eye takes for something else: letters beyond ASCII in a text that is otherwise ASCII, and what has no shape."""
    for character in dict.fromkeys(text):
        if character.isascii():
            continue
        category = unicodedata.category(character)
        name = unicodedata.name(character, "an unnamed character")
        if category[0] in "CZ":
            yield f"it holds U+{ord(character):04X} {name}, which cannot be seen"
        elif category[0] == "L":
            yield f"it holds U+{ord(character):04X} {name}, which may be taken for another letter"
