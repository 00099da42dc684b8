import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.testing.llm_provider import Cut, Script


@given(st.text(), st.integers(0, 9), st.none() | st.integers(0, 99))
def test_pieces_add_up_to_the_whole(text: str, size: int, seed: int | None) -> None:
    cut = Cut(size=size, seed=seed)
    assert "".join(cut.text(text)) == text
    assert b"".join(cut.data(text.encode())) == text.encode()
    assert all(1 <= len(piece) <= (size or len(text)) for piece in cut.text(text))
    assert cut.text(text) == cut.text(text)


def test_a_failure_says_what_it_was_told() -> None:
    script = Script.failing(529, headers={"retry-after": "1"}, message="busy")
    assert script.failure is not None
    assert (script.failure.status, script.failure.message) == (529, "busy")
    assert script.headers == {"retry-after": "1"}


def test_scripts_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Script().pace = 1.0  # type: ignore[misc]
