"""As much of a masked text as people and channels are shown."""

from dataclasses import dataclass

MOST = 16 * 1024
"""Characters: more is read by nobody who has to decide."""

_HEAD = MOST // 4
"""Of a text that is longer, as much of its beginning; the rest is its end, where a conversation has its newest words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """``cut``: how many characters are left out; where they were, the text says so itself."""

    text: str = ""
    cut: int = 0


def excerpt(text: str) -> Excerpt:
    if len(text) <= MOST:
        return Excerpt(text=text)
    cut = len(text) - MOST
    return Excerpt(text=f"{text[:_HEAD]}\n[… {cut} characters left out …]\n{text[_HEAD + cut :]}", cut=cut)
