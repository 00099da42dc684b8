"""Numbers that European states give to people and firms."""

from passgate.masking.detectors.validators.digits import (
    all_same,
    compact,
    luhn,
    mod11_10,
    only_digits,
    real_date,
    weighted,
)  # fmt: skip


def nhs(data: bytes) -> bool:
    """NHS number: weights 10 to 2, modulo 11; ten is never given."""
    digits = only_digits(data)
    check = (11 - weighted(digits[:9], range(10, 1, -1)) % 11) % 11
    return check == int(digits[9]) and not all_same(digits)


def nino(data: bytes) -> bool:
    """HMRC: prefixes that are never given."""
    text = compact(data)
    if text[0] in "DFIQUV" or text[1] in "DFIOQUV" or text[:2] in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}:
        return False
    return not all_same(text[2:8])


def dni(data: bytes) -> bool:
    """Spain, DNI and NIE: the letter is the number modulo 23; X, Y, Z of an NIE stand for 0, 1, 2."""
    text = compact(data)
    number = text[:-1].translate({88: "0", 89: "1", 90: "2"})
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1] and not all_same(number)


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
), strict=True))  # fmt: skip


def codice_fiscale(data: bytes) -> bool:
    """Italy (DM 23/12/1976): odd and even places by table, the letter is the sum modulo 26."""
    text = compact(data)
    total = 0
    for place, character in enumerate(text[:15]):
        if place % 2 == 0:
            total += _ODD[character]
        else:
            total += int(character) if character.isdigit() else ord(character) - 65
    return chr(65 + total % 26) == text[15]


def nir(data: bytes) -> bool:
    """France (INSEE): key is 97 less the number modulo 97; 2A and 2B of Corsica count as 19 and 18."""
    text = compact(data).replace("2A", "19", 1) if compact(data)[5:7] == "2A" else compact(data)
    if text[5:7] == "2B":
        text = text[:5] + "18" + text[7:]
    return text.isdigit() and 97 - int(text[:13]) % 97 == int(text[13:15])


def steuer_id(data: bytes) -> bool:
    """Germany: MOD 11,10, and of the first ten digits one stands two or three times and the rest once at most."""
    digits = only_digits(data)
    counts = sorted((digits[:10].count(d) for d in set(digits[:10])), reverse=True)
    return digits[0] != "0" and counts[0] in (2, 3) and counts[1] == 1 and mod11_10(digits)


def personalausweis(data: bytes) -> bool:
    """Germany, identity card and passport (ICAO 9303 check digit): weights 7, 3, 1 over letters from 10."""
    text = compact(data)
    if len(text) != 10 or text[:9].isalpha():
        return False
    total = sum(int(character, 36) * (7, 3, 1)[place % 3] for place, character in enumerate(text[:9]))
    return str(total % 10) == text[9]


def bsn(data: bytes) -> bool:
    """Netherlands: the eleven test, last weight minus one."""
    digits = only_digits(data)
    return weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0 and not all_same(digits)


def belgium(data: bytes) -> bool:
    """Belgium, national register: 97 less the first nine digits modulo 97; a 2 in front for births since 2000."""
    digits = only_digits(data)
    if int(digits[2:4]) % 20 > 12 or int(digits[4:6]) > 31:
        return False
    check = int(digits[9:])
    return check in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def pesel(data: bytes) -> bool:
    """Poland: a date with the century in the month, weights 1, 3, 7, 9."""
    digits = only_digits(data)
    month, day = int(digits[2:4]), int(digits[4:6])
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[month // 20]
    if not real_date(century + int(digits[:2]), month % 20, day):
        return False
    return (10 - weighted(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 == int(digits[10])


def nip(data: bytes) -> bool:
    """Poland, tax: modulo 11; ten is never given."""
    digits = only_digits(data)
    return weighted(digits[:9], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9]) and not all_same(digits)


def regon(data: bytes) -> bool:
    """Poland, business register: nine or fourteen digits."""
    digits = only_digits(data)
    short = weighted(digits[:8], (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == int(digits[8])
    if len(digits) == 9 or not short:
        return short and not all_same(digits)
    return weighted(digits[:13], (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)) % 11 % 10 == int(digits[13])


def cnp(data: bytes) -> bool:
    """Romania: sex and century, date, county, modulo 11."""
    digits = only_digits(data)
    if digits[0] == "0" or not real_date(2000 + int(digits[1:3]), int(digits[3:5]), int(digits[5:7])):
        return False
    check = weighted(digits[:12], (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return (1 if check == 10 else check) == int(digits[12])


def personnummer(data: bytes) -> bool:
    """Sweden: date (coordination numbers add 60 to the day) and Luhn over the last ten."""
    digits = only_digits(data)[-10:]
    day = int(digits[4:6])
    return real_date(2000 + int(digits[:2]), int(digits[2:4]), day - 60 if day > 60 else day) and luhn(digits)


def fodselsnummer(data: bytes) -> bool:
    """Norway: date (D numbers add 40 to the day), two modulo-11 digits."""
    digits = only_digits(data)
    day = int(digits[:2])
    if not real_date(2000 + int(digits[4:6]), int(digits[2:4]), day - 40 if day > 40 else day):
        return False
    first = weighted(digits[:10], (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
    return first and weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def cpr(data: bytes) -> bool:
    """Denmark: a date. The modulo-11 check has not held since 2007, so it is not asked for."""
    digits = only_digits(data)
    return real_date(2000 + int(digits[4:6]), int(digits[2:4]), int(digits[:2]))


def hetu(data: bytes) -> bool:
    """Finland: date, century sign, number modulo 31."""
    text = data.decode("ascii").upper()
    if not real_date(2000 + int(text[4:6]), int(text[2:4]), int(text[:2])):
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31] == text[10]


def isikukood(data: bytes) -> bool:
    """Estonia and Lithuania: sex and century, date, modulo 11 in two rounds."""
    digits = only_digits(data)
    if digits[0] not in "12345678" or not real_date(2000 + int(digits[1:3]), int(digits[3:5]), int(digits[5:7])):
        return False
    check = weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if check == 10:
        check = weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return check == int(digits[10])


def egn(data: bytes) -> bool:
    """Bulgaria: date with the century in the month, modulo 11."""
    digits = only_digits(data)
    month = int(digits[2:4])
    century, month = (1800, month - 20) if 20 < month <= 32 else (2000, month - 40) if month > 40 else (1900, month)
    if not real_date(century + int(digits[:2]), month, int(digits[4:6])):
        return False
    return weighted(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(digits[9])


def inn_ru(data: bytes) -> bool:
    """Russia: ten digits of a firm with one check digit, twelve of a person with two, modulo 11 modulo 10."""
    digits = only_digits(data)
    weights = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
    if all_same(digits):
        return False
    places = (9,) if len(digits) == 10 else (10, 11)
    return all(weighted(digits[:at], weights[11 - at :]) % 11 % 10 == int(digits[at]) for at in places)


def oib(data: bytes) -> bool:
    """Croatia: MOD 11,10."""
    digits = only_digits(data)
    return mod11_10(digits) and not all_same(digits)


def jmbg(data: bytes) -> bool:
    """Former Yugoslavia: day, month, last three of the year, region, modulo 11."""
    digits = only_digits(data)
    year = int(digits[4:7])
    if not real_date(year + (1000 if year > 800 else 2000), int(digits[2:4]), int(digits[:2])):
        return False
    check = 11 - weighted(digits[:12], (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if check > 9 else check) == int(digits[12])


def tckn(data: bytes) -> bool:
    """Turkey: two digits of odd and even sums."""
    digits = [int(digit) for digit in only_digits(data)]
    odd, even = sum(digits[0:9:2]), sum(digits[1:8:2])
    return digits[0] != 0 and (odd * 7 - even) % 10 == digits[9] and sum(digits[:10]) % 10 == digits[10]


def rodne_cislo(data: bytes) -> bool:
    """Czechia and Slovakia, since 1954: a date (women add 50 to the month) and the whole divisible by 11."""
    digits = only_digits(data)
    month = int(digits[2:4])
    month -= 70 if month > 70 else 50 if month > 50 else 20 if month > 20 else 0
    return real_date(2000 + int(digits[:2]), month, int(digits[4:6])) and int(digits) % 11 == 0


def ahv(data: bytes) -> bool:
    """Switzerland: 756 and the EAN-13 digit."""
    digits = only_digits(data)
    return (10 - weighted(digits[:12], (1, 3) * 6) % 10) % 10 == int(digits[12])


def pps(data: bytes) -> bool:
    """Ireland: weights 8 to 2, a second letter counts nine times, modulo 23."""
    text = compact(data)
    total = weighted(text[:7], range(8, 1, -1))
    if len(text) == 9 and text[8] != "W":
        total += 9 * (ord(text[8]) - 64)
    return "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] == text[7]


def nif_pt(data: bytes) -> bool:
    """Portugal: modulo 11."""
    digits = only_digits(data)
    rest = weighted(digits[:8], range(9, 1, -1)) % 11
    return (0 if rest < 2 else 11 - rest) == int(digits[8]) and not all_same(digits)


def amka(data: bytes) -> bool:
    """Greece: a date and Luhn."""
    digits = only_digits(data)
    return real_date(2000 + int(digits[4:6]), int(digits[2:4]), int(digits[:2])) and luhn(digits)


def svnr(data: bytes) -> bool:
    """Austria: running number, check digit modulo 11, date."""
    digits = only_digits(data)
    if digits[0] == "0" or not 1 <= int(digits[6:8]) <= 15:
        return False
    return weighted(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def snils(data: bytes) -> bool:
    """Russia: weights 9 to 1, modulo 101, where 100 is written 00."""
    digits = only_digits(data)
    return weighted(digits[:9], range(9, 0, -1)) % 101 % 100 == int(digits[9:]) and not all_same(digits[:9])


def de_vat(data: bytes) -> bool:
    """Germany, VAT: MOD 11,10."""
    return mod11_10(only_digits(data))
