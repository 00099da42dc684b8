import pytest

from passgate.masking.detectors.ends import LONGEST, own_end


@pytest.mark.parametrize(
    "text",
    [
        "token=«abc123»&page=2",
        "token=«abc123»&amp;page=2",
        "token=«abc123»&q=1",
        "token=«ab&c123»&page=2",
        "pw=«Tr0ub4dor&3»",
        "pw: «ab&c=d»",  # in a file of settings, not in a URL
        "is «hunter2».",
        "is «hunter2!».",
        'a\\": \\"«hunter2»\\',
        'pw "«hunter2.»',  # the quote ends it
        "«hunter2»,",
        "=«.»",
        "=«" + "x" * LONGEST + ".»",
    ],
)
def test_where_a_value_ends(text: str) -> None:
    before, rest = text.split("«")
    value, behind = rest.split("»")
    data = (before + value + behind).encode()
    assert own_end(data, len(before), len(data)) == len(before) + len(value)
