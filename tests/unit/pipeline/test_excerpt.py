"""As much of a text as people are shown."""

from hypothesis import given
from hypothesis import strategies as st

from passgate.pipeline.excerpt import MOST, excerpt


@given(st.integers(0, 3 * MOST))
def test_short_texts_are_whole_and_of_long_ones_both_ends_are_there(length: int) -> None:
    text = "".join(chr(97 + number % 26) for number in range(length))
    found = excerpt(text)
    if length <= MOST:
        assert (found.text, found.cut) == (text, 0)
        return
    head, _, tail = found.text.partition(f"\n[… {found.cut} characters left out …]\n")
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head) + len(tail) + found.cut == length
    assert len(head) + len(tail) == MOST
