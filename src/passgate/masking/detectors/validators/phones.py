"""Telephone numbers: plausible sizes, and what only looks like one."""

import re
from typing import Final

from passgate.masking.detectors.validators.digits import only_digits

# ITU-T E.164 country codes (list of 2016-11-15), by their first digits.
_ONE: Final = ("1", "7")
_TWO: Final = re.compile(r"2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")
_THREE: Final = re.compile(
    r"2(?:1[12368]|[2-6][0-9]|9[0-9])|3[578][0-9]|42[0-9]|50[0-9]|59[0-9]|6[789][0-9]|8[0578][0-9]|9(?:6[0-9]|7[0-79]|9[2-68])"
)


_DECIMAL: Final = re.compile(rb"\+[0-9]+\.[0-9]+")
_CODE_POINTS: Final = re.compile(rb"0[0-9]{3}(?: 0[0-9]{3})+")
_DATE: Final = re.compile(
    rb"(?:19|20)[0-9]{2}[\-/. ](?:(?:19|20)[0-9]{2}|[01]?[0-9][\-/. ][0-3]?[0-9])"
    rb"|[0-3]?[0-9][\-/.][01]?[0-9][\-/.](?:19|20)[0-9]{2}"
)


def phone(data: bytes) -> bool:
    """E.164: a country code that exists and eight to fifteen digits in all."""
    if _DECIMAL.fullmatch(data) is not None:
        return False
    digits = only_digits(data).removeprefix("00")
    if not 8 <= len(digits) <= 15 or len(set(digits)) < 3:
        return False
    return digits[:1] in _ONE or _TWO.match(digits) is not None or _THREE.match(digits) is not None


def phone_00(data: bytes) -> bool:
    """The same behind the prefix 00; not a row of code points (``0073 0063 0068``)."""
    return phone(data) and _CODE_POINTS.fullmatch(data) is None


def phone_in_context(data: bytes) -> bool:
    """Next to a word for telephone: six to fifteen digits, not one digit over and over, not a date, years or an IP address."""
    if _DATE.match(data) is not None or data.count(b".") in (3, 4, 5, 6, 7, 8, 9):
        return False
    digits = only_digits(data)
    return 6 <= len(digits) <= 15 and len(set(digits)) > 1


def phone_national(data: bytes) -> bool:
    """Behind a trunk 0: nine to twelve digits in groups with one kind of separator, or another behind the area code. No date."""
    digits = only_digits(data)
    separators = {byte for byte in data if not 0x30 <= byte <= 0x39}
    if not 9 <= len(digits) <= 12 or len(set(digits)) < 3:
        return False
    if len(separators) != 1 and (len(separators) != 2 or re.fullmatch(rb"[0-9]+[\-/][0-9]+(?: [0-9]+)+", data) is None):
        return False
    groups = data.replace(b".", b" ").replace(b"-", b" ").replace(b"/", b" ").split()
    if len(digits) == 12 and len(groups) > 2:
        return False
    return not (
        len(groups[0]) == 2
        and len(groups[1]) == 2
        and len(groups[2:3])
        and len(groups[2]) == 4
        and groups[2][:2] in (b"19", b"20")
    )


def phone_in_brackets(data: bytes) -> bool:
    """An area code in brackets: eight to eleven digits."""
    digits = only_digits(data)
    return 8 <= len(digits) <= 11 and len(set(digits)) > 2
