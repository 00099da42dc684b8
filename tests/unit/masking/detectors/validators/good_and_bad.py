"""Numbers that are right, and what they must not become."""

from collections.abc import Callable


def check(validator: Callable[[bytes], bool], good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    refused = [text for text in good if not validator(text.encode())]
    taken = [text for text in bad if validator(text.encode())]
    assert not refused, refused
    assert not taken, taken


def one_digit_off(text: str, places: tuple[int, ...] = ()) -> tuple[str, ...]:
    """The same number with one of its digits changed, at every place that holds one."""
    return tuple(
        text[:place] + str((int(character) + 1) % 10) + text[place + 1 :]
        for place, character in enumerate(text)
        if character.isdigit() and (not places or place in places)
    )
