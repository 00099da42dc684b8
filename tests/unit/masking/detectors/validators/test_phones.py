from passgate.masking.detectors.validators import phones
from tests.unit.masking.detectors.validators.good_and_bad import check


def test_phone() -> None:
    good = ("+44 20 7946 0958", "+1-984-182-0190", "001 518 640 0854", "+353 1 234 5678", "+7 912 345 67 89")
    check(
        phones.phone,
        good,
        ("+2147483647", "+1.41421356", "+11111111111", "+1234567", "+1234567890123456", "+999123456789"),
    )


def test_phone_in_context() -> None:
    good = ("555-0134", "9498777106", "(72) 754-186")
    check(
        phones.phone_in_context, good, ("12345", "1111111", "2016-2020", "2024-01-31", "31.01.2024", "1.3.6.1.4.1.311")
    )


def test_phone_behind_00() -> None:
    check(phones.phone_00, ("0049 30 1234567", "0044 2079 460958"), ("0073 0063 0068", "0045 0302 0301"))


def test_phone_national() -> None:
    good = ("0151 28576139", "0151/63410190", "070-279 83 58", "030 12345678", "01 84 17 61 18", "07700 063 966")
    check(
        phones.phone_national,
        good,
        (
            "0328.0020.0004",
            "070 279-83 58",
            "01-02-2024",
            "01 02-03 0405",
            "012 345",
            "00 00 00 00 00",
            "01 01 2024 12",
        ),
    )


def test_phone_in_brackets() -> None:
    check(phones.phone_in_brackets, ("(02) 9374 4000", "(11) 91234-5678"), ("(1) 234 567", "(11) 1111-1111"))
