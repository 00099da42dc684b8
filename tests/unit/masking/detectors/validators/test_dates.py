from passgate.masking.detectors.validators import dates
from tests.unit.masking.detectors.validators.good_and_bad import check


def test_birth_date() -> None:
    good = (
        "1984-07-23",
        "19840723",
        "03-Jun-1959",
        "23/07/1984",
        "07/23/1984",
        "07/23/84",
        "23.7.05",
        "23 July 1984",
        "July 23rd, 1984",
        "1984 Jul 23",
    )
    bad = ("1984-13-43", "32/07/1984", "31 Feb 1984", "July 1984", "1784-07-23", "07/23")
    check(dates.birth_date, good, bad)


def test_expiry() -> None:
    check(dates.expiry, ("09/27", "01/2030"), ("13/27", "00/27", "01/05"))
