"""What an eye does not see, or takes for something else, made visible to whoever must decide on a text."""

import unicodedata
from collections.abc import Iterator

_KEPT = "\n\t"


def visible(text: str) -> str:
    """Lines stay lines; whatever else has no shape, or turns the line around, is written out."""
    return "".join(c if c.isprintable() or c in _KEPT else repr(c)[1:-1] for c in text)


def odd_characters(text: str) -> Iterator[str]:
    """What an eye takes for something else: letters beyond ASCII in a text that is otherwise ASCII, and what has no shape."""
    for character in dict.fromkeys(text):
        if character.isascii() or character.isspace():
            continue
        category = unicodedata.category(character)
        name = unicodedata.name(character, "an unnamed character")
        if category[0] == "C":
            yield f"it holds U+{ord(character):04X} {name}, which cannot be seen"
        elif category[0] == "L":
            yield f"it holds U+{ord(character):04X} {name}, which may be taken for another letter"
