import json

from hypothesis import given
from hypothesis import strategies as st

from passgate.testing.llm_provider.script import Writing
from passgate.testing.llm_provider.wire import Frame, dumps

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), documents, max_size=3))
def test_every_writing_says_the_same(document: dict[str, object]) -> None:
    assert [json.loads(dumps(document, writing)) for writing in Writing] == [document] * 3


def test_escaped_texts_hide_from_a_plain_search_and_words_of_the_dialect_do_not() -> None:
    written = dumps({"type": "text", "text": "AKIA"}, Writing.ESCAPED)
    assert written == b'{"type":"text","text":"\\u0041\\u004b\\u0049\\u0041"}'
    assert dumps({"text": "é"}, Writing.PLAIN) == '{"text":"é"}'.encode()
    assert dumps({"text": "é"}, Writing.ASCII) == b'{"text":"\\u00e9"}'


def test_frames() -> None:
    assert Frame(data="[DONE]").write(Writing.PLAIN) == b"data: [DONE]\n\n"
    assert Frame(event="ping", data={"type": "ping"}).write(Writing.PLAIN) == b'event: ping\ndata: {"type":"ping"}\n\n'
