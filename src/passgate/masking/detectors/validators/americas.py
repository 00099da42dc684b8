"""Numbers that states of the Americas give to people and firms."""

import re
from typing import Final

from passgate.masking.detectors.validators.digits import all_same, compact, luhn, only_digits, real_date, weighted

_EXTENSION: Final = re.compile(rb"[xe]")
_SSN_ADVERTISED: Final = frozenset({"078051120", "219099999", "123456789", "987654321"})


def ssn(data: bytes) -> bool:
    """SSA: area not 000, 666 or 9xx, group not 00, serial not 0000; not one of the numbers that adverts made famous."""
    digits = only_digits(data)
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return False
    return digits not in _SSN_ADVERTISED and not all_same(digits)


def itin(data: bytes) -> bool:
    """IRS: 9xx, group 50-65, 70-88, 90-92 or 94-99."""
    digits = only_digits(data)
    group = int(digits[3:5])
    return digits[0] == "9" and (50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99)


def ein(data: bytes) -> bool:
    """IRS campus prefixes."""
    digits = only_digits(data)
    unused = {0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97}
    return int(digits[:2]) not in unused and not all_same(digits)


def npi(data: bytes) -> bool:
    """CMS: ten digits, first 1 or 2, Luhn with the issuer prefix 80840."""
    digits = only_digits(data)
    return digits[0] in "12" and luhn("80840" + digits)


def dea(data: bytes) -> bool:
    """DEA: two letters, six digits and (1st+3rd+5th) + 2 x (2nd+4th+6th) modulo 10."""
    digits = only_digits(data[2:])
    odd = sum(int(d) for d in digits[0:6:2])
    even = sum(int(d) for d in digits[1:6:2])
    return (odd + 2 * even) % 10 == int(digits[6]) and not all_same(digits)


def nanp(data: bytes) -> bool:
    """North American numbering plan: area and exchange start with 2 to 9 and are no service codes; 555-01xx is fiction."""
    digits = only_digits(_EXTENSION.split(data)[0])
    if len(digits) == 11 and digits[0] == "1":
        digits = digits[1:]
    return len(digits) == 10 and digits[0] in "23456789" and digits[3] in "23456789" and not all_same(digits)


def sin(data: bytes) -> bool:
    """Canada: Luhn; a first digit of 0 or 8 was never given."""
    digits = only_digits(data)
    return digits[0] not in "08" and luhn(digits)


def cpf(data: bytes) -> bool:
    """Brazil, people: two modulo-11 digits."""
    digits = only_digits(data)
    return not all_same(digits) and _brazil(digits, range(10, 1, -1)) and _brazil_second(digits, range(11, 1, -1))


def cnpj(data: bytes) -> bool:
    """Brazil, firms: two modulo-11 digits. Since July 2026 letters too, each worth its place in ASCII less 48."""
    text = compact(data)
    first = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    if all_same(text):
        return False
    worth = [ord(sign) - 48 for sign in text]
    return all(
        _eleven(sum(value * weight for value, weight in zip(worth, weights, strict=False))) == worth[len(weights)]
        for weights in (first, (6, *first))
    )


def _eleven(total: int) -> int:
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def _brazil(digits: str, weights: range) -> bool:
    return _eleven(weighted(digits[:9], list(weights))) == int(digits[9])


def _brazil_second(digits: str, weights: range) -> bool:
    return _eleven(weighted(digits[:10], list(weights))) == int(digits[10])


_CURP = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"


def curp(data: bytes) -> bool:
    """Mexico, people (RENAPO): a date inside and a check digit modulo 10."""
    text = data.decode("ascii").upper()
    if not real_date(2000 + int(text[4:6]), int(text[6:8]), int(text[8:10])):
        return False
    total = sum(_CURP.index(character) * (18 - place) for place, character in enumerate(text[:17]))
    return str((10 - total % 10) % 10) == text[17]


def rfc_mx(data: bytes) -> bool:
    """Mexico, tax (SAT): a date inside and a check digit modulo 11."""
    text = data.decode("ascii").upper()
    letters = len(text) - 9
    if not real_date(
        2000 + int(text[letters : letters + 2]),
        int(text[letters + 2 : letters + 4]),
        int(text[letters + 4 : letters + 6]),
    ):
        return False
    values = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
    padded = text.rjust(13)
    total = sum(values.index(character) * (13 - place) for place, character in enumerate(padded[:12]))
    return padded[12] == {11: "0", 10: "A"}.get(11 - total % 11, str((11 - total % 11) % 11))


def cuit(data: bytes) -> bool:
    """Argentina (AFIP): type prefix and modulo 11."""
    digits = only_digits(data)
    if digits[:2] not in {"20", "23", "24", "25", "26", "27", "30", "33", "34"}:
        return False
    check = 11 - weighted(digits[:10], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return {11: 0, 10: 9}.get(check, check) == int(digits[10])


def rut(data: bytes) -> bool:
    """Chile: modulo 11 with K for ten."""
    text = compact(data)
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(text[:-1])))
    return "0123456789K0"[11 - total % 11] == text[-1] and not all_same(text[:-1])


def mbi(data: bytes) -> bool:
    """CMS Medicare Beneficiary Identifier: the pattern says it all, but one that is all one digit is a placeholder."""
    return len(set(compact(data))) > 4
