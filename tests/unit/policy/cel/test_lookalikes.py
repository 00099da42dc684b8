import pytest

from passgate.policy.cel.lookalikes import instead, lookalike


@pytest.mark.parametrize(
    "text",
    ["", "customers", "größe", "заказы", "注文id", "πελάτες", "a\n\tb", "na\u00efve r\u00e9sum\u00e9", "заказы orders"],
)
def test_words_of_one_script_are_words(text: str) -> None:
    assert lookalike(text) is None


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("\u0441ustomers", 0),
        ("custom\u0435rs", 6),
        ("a b\u03bfx", 3),
        ("\uff43ustomers", 0),
        ("ab\u200b", 2),
        ("a\u202eb", 1),
        ("a\u00a0b", 1),
        ("a\x00", 1),
        ("\U000f0000", 0),
    ],
)
def test_what_is_not_seen_has_a_place_and_a_way_to_write_it(text: str, offset: int) -> None:
    found = lookalike(text)
    assert found is not None
    assert found.offset == offset
    assert f"{ord(text[offset]):04x}" in found.remedy


def test_what_to_type_instead() -> None:
    assert instead("\u201d") == 'write "'
    assert instead("\uff08") == "write ("
    assert instead("\u200b") == "U+200B (ZERO WIDTH SPACE): write a plain space"
    assert instead("$") == ""
    assert instead("\u2190") == "U+2190 (LEFTWARDS ARROW)"
