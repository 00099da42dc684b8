"""Cards, accounts, tax numbers of the money world."""

import hashlib

from passgate.masking.detectors.validators.digits import all_same, compact, luhn, mod97, only_digits, weighted

_SMALL = ("2200", "2204", frozenset((16,)))

# Issuer ranges (ISO/IEC 7812 prefixes as the networks publish them): lowest, highest prefix, allowed lengths.
_NETWORKS: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset((13, 16, 19))),  # Visa
    ("51", "55", frozenset((16,))),  # Mastercard
    ("2221", "2720", frozenset((16,))),  # Mastercard, 2-series
    ("34", "34", frozenset((15,))),  # American Express
    ("37", "37", frozenset((15,))),
    ("6011", "6011", frozenset((16, 19))),  # Discover
    ("622126", "622925", frozenset((16, 19))),
    ("644", "649", frozenset((16, 19))),
    ("65", "65", frozenset((16, 19))),
    ("300", "305", frozenset((14, 16))),  # Diners Club
    ("3095", "3095", frozenset((14, 16))),
    ("36", "36", frozenset((14, 16))),
    ("38", "39", frozenset((14, 16))),
    ("3528", "3589", frozenset((16, 19))),  # JCB
    ("62", "62", frozenset((16, 17, 18, 19))),  # UnionPay
    _SMALL,  # Mir, and from here on the smaller networks
    ("60", "60", frozenset((16,))),  # RuPay
    ("508", "508", frozenset((16,))),
    ("81", "82", frozenset((16,))),
    ("9792", "9792", frozenset((16,))),  # Troy
    ("4011", "4011", frozenset((16,))),  # Elo
    ("5067", "5067", frozenset((16,))),
    ("636", "636", frozenset((16, 17, 18, 19))),  # InterPayment, Elo
)


def _issued(digits: str, networks: tuple[tuple[str, str, frozenset[int]], ...]) -> bool:
    return any(len(digits) in lengths and low <= digits[: len(low)] <= high for low, high, lengths in networks)


def card(data: bytes) -> bool:
    """An issuer range, its length and the Luhn digit: about one random 16-digit number in fifty passes."""
    digits = only_digits(data)
    return _issued(digits, _NETWORKS) and luhn(digits) and not all_same(digits)


def card_major(data: bytes) -> bool:
    """Digits with nothing beside them: the ranges of the large networks only, about one random number in fifty-five."""
    digits = only_digits(data)
    return _issued(digits, _NETWORKS[: _NETWORKS.index(_SMALL)]) and luhn(digits) and not all_same(digits)


def card_in_context(data: bytes) -> bool:
    """Also ranges too wide to stand alone (Maestro, old JCB), and lengths an issuer range does not promise."""
    digits = only_digits(data)
    return 12 <= len(digits) <= 19 and luhn(digits) and not all_same(digits)


# ISO 13616 registry: length by country.
_IBAN = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20,
    "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28,
    "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26,
    "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip


def iban(data: bytes) -> bool:
    """ISO 13616: the country's length and MOD 97-10."""
    text = compact(data)
    return _IBAN.get(text[:2]) == len(text) and mod97(text[4:] + text[:4]) == 1


def bic(data: bytes) -> bool:
    """ISO 9362: the country part has to be one that issues IBANs, or another with a banking sector of note."""
    text = data.decode("ascii").upper()
    return text[4:6] in _IBAN or text[4:6] in {
        "US",
        "CA",
        "AU",
        "NZ",
        "JP",
        "CN",
        "HK",
        "SG",
        "IN",
        "KR",
        "ZA",
        "MX",
        "TH",
    }


def aba(data: bytes) -> bool:
    """ABA routing transit number: Federal Reserve prefix and weights 3, 7, 1."""
    digits = only_digits(data)
    prefix = int(digits[:2])
    issued = 1 <= prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80
    return issued and weighted(digits, (3, 7, 1) * 3) % 10 == 0


_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def base58check(data: bytes) -> bool:
    """Bitcoin Base58Check: the last four bytes are the double SHA-256 of the rest."""
    number = 0
    for character in data.decode("ascii"):
        place = _BASE58.find(character)
        if place < 0:
            return False
        number = number * 58 + place
    zeros = len(data) - len(data.lstrip(b"1"))
    body = b"\x00" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(body) < 5:
        return False
    check = hashlib.sha256(hashlib.sha256(body[:-4]).digest()).digest()[:4]
    return check == body[-4:]


def bech32(data: bytes) -> bool:
    """BIP 173 and BIP 350 checksum over the part before and after the last ``1``."""
    text = data.decode("ascii")
    if text.lower() != text and text.upper() != text:
        return False
    text = text.lower()
    human, _, body = text.rpartition("1")
    values = [_BECH32.find(character) for character in body]
    if not human or len(values) < 6 or -1 in values:
        return False
    expanded = [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + values
    check = 1
    for value in expanded:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            if top >> bit & 1:
                check ^= generator
    return check in (1, 0x2BC830A3)


def ethereum(data: bytes) -> bool:
    """Forty hex digits that are not one digit over and over (the zero address is nobody's)."""
    return len(set(data[2:].lower())) > 4


def vin(data: bytes) -> bool:
    """ISO 3779 with the check digit of position 9 (49 CFR 565), as in North America and China."""
    text = data.decode("ascii").upper()
    values = dict(
        zip(
            "ABCDEFGHJKLMNPRSTUVWXYZ",
            (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
            strict=True,
        )
    )
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    if text.isdigit() or text.isalpha() or len(set(text)) < 5:
        return False
    total = 0
    for character, weight in zip(text, weights, strict=True):
        value = int(character) if character.isdigit() else values.get(character)
        if value is None:
            return False
        total += value * weight
    return "0123456789X"[total % 11] == text[8]


def not_repeated(data: bytes) -> bool:
    """Not one digit over and over."""
    return not all_same(only_digits(data))


def luhn_number(data: bytes) -> bool:
    """Luhn over the digits, not one digit over and over: one random number in ten passes, so never without context."""
    digits = only_digits(data)
    return luhn(digits) and not all_same(digits)


def some_digits(data: bytes) -> bool:
    """At least five digits: a number, not words beside the name of one."""
    return len(only_digits(data)) >= 5


def plate(data: bytes) -> bool:
    """Letters and digits both, four to nine of them."""
    text = compact(data)
    return 4 <= len(text) <= 9 and not text.isdigit() and not text.isalpha()
