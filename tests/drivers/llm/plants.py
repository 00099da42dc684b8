"""Forty kinds of secrets and personal data, made up in their issuers' public formats with valid check digits, and how to find them.

Nothing here was ever issued to anyone: values come from a seeded generator. Each is planted in a short sentence,
as it would be found.
"""

import base64
import json
import re
import string
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

_ALNUM = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEX = "0123456789abcdef"
_URL = _ALNUM + "_-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """``text`` holds the value in a sentence; ``needles``: any of them shows the value, or most of it."""

    kind: str
    secret: bool
    text: str
    needles: tuple[str, ...]


class Maker:
    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def some(self, alphabet: str, length: int) -> str:
        """Random characters with a digit, a small and a capital letter in them where the alphabet has those."""
        while True:
            text = "".join(self._random.choice(alphabet) for _ in range(length))
            for kind in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
                if set(kind) & set(alphabet) and not set(kind) & set(text) and length > 8:
                    break
            else:
                return text

    def digits(self, length: int) -> str:
        return str(self._random.randint(1, 9)) + "".join(self._random.choice(string.digits) for _ in range(length - 1))

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    def luhn(self, prefix: str, length: int) -> str:
        body = prefix + "".join(self._random.choice(string.digits) for _ in range(length - 1 - len(prefix)))
        total = 0
        for place, digit in enumerate(reversed(body)):
            value = int(digit) * (2 if place % 2 == 0 else 1)
            total += value - 9 if value > 9 else value
        return body + str(-total % 10)

    def iban(self) -> str:
        bban = self.digits(18)
        check = 98 - int(bban + "131400") % 97
        return f"DE{check:02}{bban}"

    def cpf(self) -> str:
        digits = [int(d) for d in self.digits(9)]
        for start in (10, 11):
            rest = sum(d * w for d, w in zip(digits, range(start, 1, -1), strict=True)) * 10 % 11
            digits.append(rest % 10)
        text = "".join(map(str, digits))
        return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"

    def github(self) -> str:
        body = self.some(_ALNUM, 30)
        value, check = zlib.crc32(body.encode()), ""
        for _ in range(6):
            value, digit = divmod(value, 62)
            check = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + check
        return f"ghp_{body}{check}"

    def jwt(self) -> str:
        def part(document: dict[str, object]) -> str:
            return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

        claims = {"sub": self.digits(10), "iat": 1_700_000_000 + self.number(0, 9999)}
        return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{self.some(_URL, 43)}"

    def private_key(self) -> str:
        lines = "\n".join(self.some(_ALNUM + "+/", 64) for _ in range(4))
        return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"

    def es_dni(self) -> str:
        number = self.number(10_000_000, 99_999_999)
        return f"{number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"

    def pesel(self) -> str:
        body = f"8{self.number(0, 9)}0{self.number(1, 9)}1{self.number(0, 9)}{self.digits(4)}"
        check = -sum(int(d) * w for d, w in zip(body, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3), strict=True)) % 10
        return f"{body}{check}"

    def aadhaar(self) -> str:
        """Verhoeff's check digit."""
        multiply = [[0] * 10 for _ in range(10)]
        for a in range(10):
            for b in range(10):
                multiply[a][b] = (a + b) % 5 if a < 5 and b < 5 else (
                    (a + b) % 5 + 5 if a < 5 else 5 + (a - b) % 5 if b < 5 else (a - b) % 5
                )  # fmt: skip
        step = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
        permute = [list(range(10))]
        for _ in range(7):
            permute.append([permute[-1][step[n]] for n in range(10)])
        body = str(self.number(2, 9)) + self.digits(10)
        check = 0
        for place, digit in enumerate(reversed(body), start=1):
            check = multiply[check][permute[place % 8][int(digit)]]
        last = next(n for n in range(10) if multiply[check][permute[0][n]] == 0)
        text = f"{body}{last}"
        return f"{text[:4]} {text[4:8]} {text[8:]}"


def make(seed: int) -> tuple[Plant, ...]:
    """All forty kinds, with values of their own for every seed."""
    m = Maker(seed)
    card = m.luhn("4", 16)
    secrets = {
        "anthropic key": ("key {}", f"sk-ant-api03-{m.some(_URL[:62], 93)}AA"),
        "openai key": ("key {}", f"sk-proj-{m.some(_ALNUM, 74)}T3BlbkFJ{m.some(_ALNUM, 74)}"),
        "aws key id": ("aws {} region eu-west-1", f"AKIA{m.some(_BASE32, 16)}"),
        "aws secret": ("aws_secret_access_key = {}", m.some(_ALNUM + "+/", 40)),
        "github token": ("token {}", m.github()),
        "github fine-grained": ("token {}", f"github_pat_{m.some(_ALNUM, 22)}_{m.some(_ALNUM, 59)}"),
        "gitlab token": ("token {}", f"glpat-{m.some(_ALNUM, 20)}"),
        "slack token": ("slack {}", f"xoxb-{m.digits(12)}-{m.digits(13)}-{m.some(_ALNUM, 24)}"),
        "stripe key": ("stripe {}", f"sk_live_{m.some(_ALNUM, 24)}"),
        "google api key": ("maps {}", f"AIza{m.some(_ALNUM, 35)}"),
        "npm token": ("npm {}", f"npm_{m.some(_ALNUM, 36)}"),
        "pypi token": ("pypi {}", f"pypi-AgEIcHlwaS5vcmc{m.some(_URL[:62], 70)}"),
        "huggingface token": ("hub {}", f"hf_{m.some(string.ascii_letters, 34)}"),
        "digitalocean token": ("do {}", f"dop_v1_{m.some(_HEX, 64)}"),
        "sendgrid key": ("mail {}", f"SG.{m.some(_ALNUM, 22)}.{m.some(_ALNUM, 43)}"),
        "vault token": ("vault {}", f"hvs.{m.some(_ALNUM, 24)}"),
        "databricks token": ("databricks {}", f"dapi{m.some(_HEX, 32)}"),
        "jwt": ("bearer {}", m.jwt()),
        "private key": ("{}", m.private_key()),
        "database url": ("postgresql://app:{}@db.internal:5432/shop", m.some(_ALNUM, 20)),
    }
    personal = {
        "email": (
            "write to {} please",
            f"{m.some(string.ascii_lowercase, 8)}.{m.some(string.ascii_lowercase, 7)}@example.com",
        ),
        "email with umlaut": ("an {} bitte", f"jörg.{m.some(string.ascii_lowercase, 7)}@müller-{m.digits(4)}.example"),
        "phone": ("call {} now", f"+44 20 7946 {m.digits(4)}"),
        "phone us": ("call {} now", f"({m.number(212, 219)}) 555-{m.digits(4)}"),
        "card": ("card {} declined", card),
        "card grouped": ("card {} declined", " ".join(re.findall("....", m.luhn("5105", 16)))),
        "amex": ("amex {} declined", m.luhn("37", 15)),
        "iban": ("iban {} bitte", m.iban()),
        "iban grouped": ("iban {} bitte", " ".join(re.findall(".{1,4}", m.iban()))),
        "ssn": ("ssn {} on file", f"{m.number(100, 665)}-{m.number(10, 99)}-{m.number(1000, 9999)}"),
        "cpf": ("cpf {} do cliente", m.cpf()),
        "dni": ("dni {} del cliente", m.es_dni()),
        "pesel": ("pesel {} klienta", m.pesel()),
        "aadhaar": ("aadhaar {} of the customer", m.aadhaar()),
        "ip address": ("from {} port 22", f"203.0.113.{m.number(1, 254)}"),
        "ipv6 address": ("from {} port 22", f"2001:db8:{m.some(_HEX, 4)}:0:0:8a2e:370:{m.some(_HEX, 4)}"),
        "mac address": ("nic {} up", ":".join(m.some(_HEX, 2) for _ in range(6))),
        "ethereum address": ("eth 0x{} paid", m.some(_HEX, 40)),
        "date of birth": ("DOB: {} checked", f"19{m.number(40, 99)}-0{m.number(1, 9)}-{m.number(10, 28)}"),
        "passport": ("passport number {} seen", m.digits(9)),
    }
    return tuple(
        Plant(kind=kind, secret=secret, text=sentence.format(value), needles=_needles(value))
        for secret, group in ((True, secrets), (False, personal))
        for kind, (sentence, value) in group.items()
    )


def _needles(value: str) -> tuple[str, ...]:
    """The value, and of a long one each half: a mask that leaves half of a key standing is none."""
    lines = [line for line in value.splitlines() if not line.startswith("-----")]
    needles = list(lines)
    for line in lines:
        if len(line) >= 32:
            half = len(line) // 2
            needles += [line[:half], line[half:]]
    return tuple(needle for needle in needles if needle not in _KNOWN)


_KNOWN = frozenset[str]()


def all_in_one(plants: Iterable[Plant]) -> str:
    return " ; \n".join(plant.text for plant in plants)


_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_PLAIN = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return _PLAIN.get(match[2], match[2])

    return _ESCAPE.sub(plain, text)


def readings(data: bytes) -> Iterator[str]:
    """Every way to read bytes: as they are, JSON unescaped up to three times, and the texts of a stream put together."""
    text = data.decode("utf-8", "replace")
    for _ in range(4):
        yield text
        further = _unescaped(text)
        if further == text:
            break
        text = further
    yield from _streamed(data)


def _streamed(data: bytes) -> Iterator[str]:
    """What pieces of the same place say together, event by event: deltas of a choice, a block, a tool call, a log of tokens."""
    places: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for line in data.splitlines():
        payload = line.removeprefix(b"data:").strip()
        if not payload.startswith(b"{"):
            continue
        try:
            document = json.loads(payload)
        except ValueError:
            continue
        for place, said in _leaves(document, ()):
            where = (document.get("type"), document.get("index"), document.get("output_index"), *place)
            places[where].append(said)
    for pieces in places.values():
        together = "".join(pieces)
        yield together
        yield _unescaped(together)


def _leaves(value: object, place: tuple[object, ...]) -> Iterator[tuple[tuple[object, ...], str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            mark = value.get("index") if isinstance(value.get("index"), int) else None
            yield from _leaves(inner, (*place, mark, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, place)
    elif isinstance(value, str):
        yield place, value


def found(plants: Iterable[Plant], data: bytes) -> list[str]:
    """Kinds whose values show in the data, whichever way it is read."""
    texts = list(readings(data))
    return sorted({plant.kind for plant in plants for needle in plant.needles if any(needle in text for text in texts)})
