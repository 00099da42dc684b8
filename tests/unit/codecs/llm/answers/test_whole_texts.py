import pytest

from passgate.codecs.llm.answers import whole_texts
from passgate.codecs.llm.answers.whole_texts import WholeTexts
from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import Places
from passgate.core.finding import Field
from passgate.core.masker import Shown
from tests.unit.codecs.llm.answers.lanes import Lanes


def leaf(text: bytes, field: Field = Field.ASSISTANT, **more) -> Leaf:
    return Leaf(at=1, places=Places(b'{"a":"here"}'), pointer="/a", field=field, text=text, **more)


def test_a_changed_text_is_an_edit_and_an_unchanged_one_is_not():
    whole = WholeTexts(Lanes())
    assert whole.edits([leaf(b"clean"), leaf(b"")]) == ([], [])
    assert whole.edits([leaf(b'a "swordfish"')]) == ([(5, 11, b'"a \\"<MASKED>\\""')],) * 2
    delivered, recorded = whole.edits([leaf(b"<<EMAIL:abc>>")])
    assert (delivered, recorded) == ([(5, 11, b'"jo \\"\\n\\"@x.io"')], [])


def test_json_in_a_string_is_masked_as_json():
    assert (
        WholeTexts(Lanes()).shown(b'["\\u0073wordfish"]', Field.TOOL_ARGUMENTS, is_json=True).delivered
        == b'["<MASKED>"]'
    )
    [(_, _, token)], _ = WholeTexts(Lanes()).edits([leaf(b'["swordfish"]', inner=())])
    assert token == b'"[\\"<MASKED>\\"]"'


def test_a_text_is_masked_once_for_each_field_and_context():
    lanes = Lanes()
    whole = WholeTexts(lanes)
    for _ in range(3):
        whole.edits([leaf(b"a"), leaf(b"a", Field.REASONING), leaf(b"a", context=b"name")])
    assert [(lane.field, lane.context) for lane in lanes.opened] == [
        (Field.ASSISTANT, b""),
        (Field.REASONING, b""),
        (Field.ASSISTANT, b"name"),
    ]


def test_only_so_much_is_remembered(monkeypatch):
    monkeypatch.setattr(whole_texts, "_KNOWN_BYTES", 10)
    lanes = Lanes()
    whole = WholeTexts(lanes)
    for _ in range(2):
        assert whole.shown(b"four", Field.USER) == Shown(delivered=b"four", recorded=b"four")
    assert len(lanes.opened) == 2


@pytest.mark.parametrize(
    ("number", "field", "looked_at"),
    [
        (b"4111111111111111", Field.METADATA, True),
        (b"123456789", Field.METADATA, True),
        (b"12345678", Field.METADATA, False),
        (b"1234567.8901", Field.METADATA, False),
        (b"12", Field.TOOL_ARGUMENTS, False),
        (b"123", Field.TOOL_ARGUMENTS, True),
        (b"1.5", Field.TOOL_RESULT, True),
    ],
)
def test_numbers_of_the_protocol_say_nothing_where_they_are_short(number, field, looked_at):
    lanes = Lanes()
    WholeTexts(lanes).edits([leaf(number, field, quoted=False)])
    assert bool(lanes.opened) is looked_at
