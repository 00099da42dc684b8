"""Numbers that states of Asia and the Pacific give to people and firms."""

from passgate.masking.detectors.validators.digits import (
    all_same,
    compact,
    luhn,
    only_digits,
    real_date,
    verhoeff,
    weighted,
)


def tfn(data: bytes) -> bool:
    """Australia, tax file number: weighted modulo 11, nine digits."""
    digits = only_digits(data)
    return weighted(digits, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0 and not all_same(digits)


def abn(data: bytes) -> bool:
    """Australia, business number: first digit less one, weighted modulo 89."""
    digits = only_digits(data)
    lowered = str(int(digits[0]) - 1) + digits[1:] if digits[0] != "0" else ""
    return bool(lowered) and weighted(lowered, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) % 89 == 0


def acn(data: bytes) -> bool:
    """Australia, company number: weights 8 to 1, modulo 10."""
    digits = only_digits(data)
    return (10 - weighted(digits[:8], range(8, 0, -1)) % 10) % 10 == int(digits[8]) and not all_same(digits)


def medicare_au(data: bytes) -> bool:
    """Australia, Medicare card: first digit 2 to 6, ninth digit checks the eight before it."""
    digits = only_digits(data)
    return digits[0] in "23456" and weighted(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])


def aadhaar(data: bytes) -> bool:
    """India (UIDAI): twelve digits, first 2 to 9, Verhoeff, not a palindrome."""
    digits = only_digits(data)
    return digits[0] in "23456789" and verhoeff(digits) and digits != digits[::-1] and not all_same(digits)


def gstin(data: bytes) -> bool:
    """India, GST number: state, PAN inside, check character modulo 36."""
    text = compact(data)
    total = 0
    for place, character in enumerate(text[:14]):
        product = int(character, 36) * (2 if place % 2 else 1)
        total += product // 36 + product % 36
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(36 - total % 36) % 36] == text[14]


def nric(data: bytes) -> bool:
    """Singapore: weights 2, 7, 6, 5, 4, 3, 2, letter by table of the prefix."""
    text = compact(data)
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    if text[0] == "M":
        return "XWUTRQPNJLK"[total % 11] == text[8]
    table = "JZIHGFEDCBA" if text[0] in "ST" else "XWUTRQPNMLK"
    return table[total % 11] == text[8]


def hkid(data: bytes) -> bool:
    """Hong Kong: one or two letters, six digits, check modulo 11 with A for ten; a missing letter counts as 36."""
    text = compact(data)
    padded = [36, *(int(c, 36) for c in text[:-1])] if len(text) == 8 else [int(c, 36) for c in text[:-1]]
    total = sum(value * weight for value, weight in zip(padded, range(9, 1, -1), strict=True))
    return "0123456789A"[(11 - total % 11) % 11] == text[-1]


def rrn(data: bytes) -> bool:
    """Korea: a date and the sex and century digit. Numbers given since October 2020 have no check digit."""
    digits = only_digits(data)
    return digits[6] in "12345678" and real_date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6]))


def my_number(data: bytes) -> bool:
    """Japan: twelve digits, modulo 11."""
    digits = only_digits(data)
    rest = weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == int(digits[11]) and not all_same(digits)


def resident_cn(data: bytes) -> bool:
    """China (GB 11643): region, date, ISO 7064 MOD 11-2."""
    text = compact(data)
    if not 1850 < int(text[6:10]) < 2100 or not real_date(int(text[6:10]), int(text[10:12]), int(text[12:14])):
        return False
    total = weighted(text[:17], (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == text[17]


def national_tw(data: bytes) -> bool:
    """Taiwan: a letter for the county, sex, weighted modulo 10."""
    text = compact(data)
    code = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))[text[0]]
    total = code // 10 + code % 10 * 9 + weighted(text[1:9], range(8, 0, -1)) + int(text[9])
    return total % 10 == 0


def citizen_th(data: bytes) -> bool:
    """Thailand: thirteen digits, modulo 11."""
    digits = only_digits(data)
    return (11 - weighted(digits[:12], range(13, 1, -1)) % 11) % 10 == int(digits[12]) and not all_same(digits)


def israel_id(data: bytes) -> bool:
    """Israel: nine digits, Luhn."""
    digits = only_digits(data)
    return luhn(digits) and not all_same(digits)


def south_africa_id(data: bytes) -> bool:
    """South Africa: a date and Luhn."""
    digits = only_digits(data)
    return real_date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6])) and luhn(digits)


def emirates_id(data: bytes) -> bool:
    """United Arab Emirates: 784, year of birth, Luhn."""
    digits = only_digits(data)
    return 1900 <= int(digits[3:7]) <= 2100 and luhn(digits)


def nik(data: bytes) -> bool:
    """Indonesia: province, then a date in which women add 40 to the day."""
    digits = only_digits(data)
    day = int(digits[6:8])
    return digits[0] != "0" and real_date(2000 + int(digits[10:12]), int(digits[8:10]), day - 40 if day > 40 else day)


def mykad(data: bytes) -> bool:
    """Malaysia: a date and a place of birth."""
    digits = only_digits(data)
    return real_date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6])) and digits[6:8] != "00"


def ird(data: bytes) -> bool:
    """New Zealand: modulo 11, a second round of weights where the first gives ten."""
    digits = only_digits(data).rjust(9, "0")
    if not 10_000_000 <= int(digits) <= 150_000_000:
        return False
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        check = -weighted(digits[:8], weights) % 11
        if check != 10:
            return check == int(digits[8])
    return False
