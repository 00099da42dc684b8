"""Is this string a secret, or a manual's placeholder, a path, a word?"""

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from itertools import pairwise
from typing import Final

import re2

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

_OPTIONS: Final = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1

_PLACEHOLDER: Final = re2.compile(
    rb"(?i)example|placeholder|changeme|change[-_]me|your[-_ ]|[-_]here\n?$|^(?:password|passwd|pass|secret|token|apikey|api_key|"
    rb"user|username|passphrase|passcode|key|string|null|none|nil|undefined|true|false|optional|required|redacted|masked|hidden|dummy|sample|"
    rb"default|todo|tbd|value|text|varchar|empty|unset|str|int|bool|object|env|var|foo|bar|baz|foobar|pwd|my-?password)\n?$|"
    rb"^x{3,}|x{6,}|\*{3,}|\.{3}|^<.*>\n?$|^\$|^%|^\{|\$\{|\{\{|^@|^&|^process\.|^os\.|^self\.|^this\.|^config\.|^settings\.|\(|^env\.|"
    rb"^!(?:vault|secret|ref|sub|env|env_var|reference|getatt|importvalue|join|file|include|split|select)\n?$|^[A-Za-z_.]+\[\w*\]?\n?$",
    _OPTIONS,
)
"""Looked for with RE2: a text may be made of nothing but candidates, each as long as a value may be."""

_WORDS: Final = re.compile(rb"[A-Za-z]+(?:[-_. ][A-Za-z]+)*")
_IDENTIFIER: Final = re.compile(
    rb"[A-Za-z]{2,}[0-9]{0,4}(?:[-_.:][A-Za-z]*[0-9]{0,4})+|[A-Z]+[0-9]{0,3}(?:_[A-Z0-9]{1,16})+"
)
_CLASS: Final = re.compile(
    rb"[a-z_][a-z0-9_]{0,30}(?:\.[a-z_][a-z0-9_]{0,30}){0,6}\.(?:[A-Z]+[0-9]{0,5})?(?:[A-Z][a-z]{2,}[0-9]{0,4})+"
)
"""``x25519.X25519PrivateKey``: a type of a module."""

_NAME: Final = re.compile(rb"[#/]?[A-Za-z]+(?:[._-][A-Za-z]+)+|_[A-Za-z_]+|[A-Za-z]+\.[a-z_]+(?:\.[a-z_]+)*")
_CODE_WORD: Final = re.compile(
    rb"(?i)[._-](?:get|set|any|quote|identifier|strip|replace|format|join|read|load|pass|pwd|secret|auth|token|user|config|setting|arg|env|value|field|url|helper|module|sub|key|str|partition|decode|file|"
    rb"path|hash|label|text|input|form|data|credential|import)|(?:pass|pwd|passwd|password|secret|auth|token|config|settings|args|self|"
    rb"parsed|import|get|set|is|has|split|options|opts|this|props|ctx|re|os|dsn)[._-]"
)
_TYPE: Final = re.compile(
    rb"(?i)\w*(?:str|bool|string|type|field|option|optional|none|int|any|input|form|widget|error|exception|handler|policy|manager|provider|"
    rb"service|validator|encoder|hash|hasher|text|bytes|bytearray|strdup|dict|list|column|func|function|callback|prompt|path|file|name)\b.{0,2}"
)
_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_HEX: Final = re.compile(rb"[0-9a-fA-F]+")
_DATE_OR_NUMBER: Final = re.compile(rb"[0-9.,:TZ+/\- ]+")
_PATH: Final = re.compile(rb"(?:[A-Za-z]:)?[./~]?(?:/[\w.@-]+)+/?|[\w-]+(?:/[\w.-]+)+\.\w{1,5}")


def entropy(data: bytes) -> float:
    """Shannon entropy of the bytes, in bits per byte."""
    size = len(data)
    return -sum(count / size * math.log2(count / size) for count in Counter(data).values())


def real_secret(data: bytes) -> bool:
    """Not empty, not a placeholder, not one character over and over."""
    return len(data) > 2 and len(set(data)) > 2 and _PLACEHOLDER.search(data) is None


def random_token(data: bytes) -> bool:
    """A value drawn at random, for tokens whose prefix already says what they are: looks like no placeholder or word."""
    return real_secret(data) and entropy(data) >= 2.5


def varied(data: bytes) -> bool:
    """Of many different characters. For shapes that nothing else has: a manual's example has it too, and who can tell?"""
    return len(set(data)) >= 8


def high_entropy(data: bytes) -> bool:
    """A value next to a telling name only: random enough, and none of the usual other things (UUID, digest, date, path, word)."""
    if not real_secret(data) or _DATE_OR_NUMBER.fullmatch(data) or _UUID.fullmatch(data) or _PATH.fullmatch(data):
        return False
    if _IDENTIFIER.fullmatch(data) or _CLASS.fullmatch(data):
        return False
    if _WORDS.fullmatch(data):
        return len(data) >= 16 and data.isalpha() and entropy(data) >= 3.8 and _mixed(data)
    if _HEX.fullmatch(data):
        return len(data) >= 12 and entropy(data) >= 2.8
    return entropy(data) >= 3.0 and any(0x30 <= byte <= 0x39 for byte in data)


def long_high_entropy(data: bytes) -> bool:
    """The same for a value beside a word as common as ``key``: longer and more random."""
    return len(data) >= 20 and any(0x30 <= b <= 0x39 for b in data) and entropy(data) >= 3.5 and high_entropy(data)


def password(data: bytes) -> bool:
    """What stands after ``password =``: anything but a placeholder, a reference, a type, a path or code."""
    if not real_secret(data) or len(data) < 4 or (data.isalpha() and len(data) < 6):
        return False
    if data[0] in b"+,.;)]}" or data[-1] in b":[(" or (data[:1] == b"/" and data.count(b"/") > 1):
        return False
    if _NAME.fullmatch(data) and _CODE_WORD.search(data):
        return False
    return _CODE.search(data) is None and _TYPE.fullmatch(data) is None


_CODE: Final = re.compile(
    rb"(?i)::|->|=>|\)$|^(?:get|set|read|load|fetch|prompt|input|hash|encrypt|verify|check|reset|forgot|new|old|current|confirm|is|"
    rb"has|was|the|and|for|must|should|will|can|not|field|policy|protected|manager|incorrect|invalid|expired|wrong|missing|failed|"
    rb"authentication|auth|scram-sha-256|md5|sha256|bcrypt|plain|varchar2?|char|text)(?:[^a-z0-9]|$)"
)


def command_password(data: bytes) -> bool:
    """Where a program takes a password, and nothing else can stand: anything but a placeholder or a reference."""
    return real_secret(data) and len(data) >= 4 and data[:1] not in (b"-", b"/")


def device_password(data: bytes) -> bool:
    """In the settings of a device: no placeholder, no word of its own language."""
    return real_secret(data) and data.lower() not in (
        b"none",
        b"level",
        b"encrypted",
        b"secret",
        b"password",
        b"sha256",
    )


def argument_password(data: bytes) -> bool:
    """An argument behind another one that names it: letters and digits without blanks, and not the name of one more field."""
    return (
        strong_password(data)
        and password(data)
        and b" " not in data
        and _FIELD.search(data) is None
        and _IDENTIFIER.fullmatch(data) is None
    )


_FIELD: Final = re.compile(rb"(?i)passw|secret|token|user|login|auth|email|https?:|[_.-]key|%[sd]|\\")


def _mixed(data: bytes) -> bool:
    text = data.decode("ascii")
    changes = sum(1 for left, right in pairwise(text) if left.islower() != right.islower())
    return changes >= len(text) // 4


def github_checksum(data: bytes) -> bool:
    """GitHub's prefixed tokens: the last six characters are the CRC-32 of the random part in base 62."""
    prefix, _, body = data.rpartition(b"_")
    if not prefix or len(body) != 36:
        return False
    return base62(zlib.crc32(body[:30]), 6) == body[30:].decode("ascii")


def base62(number: int, width: int) -> str:
    """``number`` in base 62 (digits, upper case, lower case), filled with zeros to ``width``."""
    text = ""
    while number:
        number, rest = divmod(number, 62)
        text = _BASE62[rest] + text
    return text.rjust(width, "0")


def jwt(data: bytes) -> bool:
    """RFC 7519: the header is base64url of a JSON object that names its algorithm."""
    header = data.split(b".", 1)[0]
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + b"=" * (-len(header) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return False
    return isinstance(decoded, dict) and ("alg" in decoded or "typ" in decoded)


def basic_credentials(data: bytes) -> bool:
    """RFC 7617: base64 of ``user:password`` in printable characters."""
    try:
        decoded = base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    user, colon, word = decoded.partition(b":")
    if not colon or not word:
        return False
    try:
        return (user + word).decode().isprintable()
    except UnicodeDecodeError:
        return False


def mixed_case_and_digit(data: bytes) -> bool:
    """A token of a vendor without a prefix: lower case, upper case and digits all occur."""
    text = data.decode("ascii")
    return (
        any(c.islower() for c in text)
        and any(c.isupper() for c in text)
        and any(c.isdigit() for c in text)
        and random_token(data)
    )


def letters_and_digits(data: bytes) -> bool:
    """Both occur, and it is random."""
    text = data.decode("ascii")
    return any(c.isalpha() for c in text) and any(c.isdigit() for c in text) and random_token(data)


def mixed_case_and_digit_loose(data: bytes) -> bool:
    """Lower case, upper case and digits, however often one character comes back (padding in front)."""
    text = data.decode("ascii")
    return any(c.islower() for c in text) and any(c.isupper() for c in text) and any(c.isdigit() for c in text)


def letters_and_digits_loose(data: bytes) -> bool:
    """A header's or cookie's value: letters and digits, no placeholder, no word."""
    return (
        real_secret(data)
        and _WORDS.fullmatch(data) is None
        and any(0x30 <= byte <= 0x39 for byte in data)
        and entropy(data) >= 2.8
    )


def url_password(data: bytes) -> bool:
    """A password of a URL that is not a placeholder of a manual. The word ``password`` itself is a password there."""
    return _REFERENCE.search(data) is None and _STARS.fullmatch(data) is None


def dsn_password(data: bytes) -> bool:
    """``password=...`` of a connection string: no reference, no code, no null."""
    return (
        url_password(data)
        and b"(" not in data
        and data.lower()
        not in (b"b", b"r", b"u", b"f", b"rb", b"br", b"fr", b"rf")  # what stands before a string of code
        and data.lower().rstrip(b")") not in (b"none", b"null", b"false", b"true", b"self.password")
    )


def quoted_password(data: bytes) -> bool:
    """A quoted value: not a placeholder, a message or a name. Of several words a pass phrase has no small ones."""
    if b" " not in data.strip():
        return password(data)
    words = data.lower().split()
    return len(words) >= 4 and all(len(word) > 2 and word.isalnum() and word not in _SMALL_WORDS for word in words)


def strong_password(data: bytes) -> bool:
    """A word of prose that can only be a password: digits or signs among letters."""
    kinds = sum(
        (
            any(0x61 <= b <= 0x7A for b in data),
            any(0x41 <= b <= 0x5A for b in data),
            any(0x30 <= b <= 0x39 for b in data),
        )
    )
    signs = any(b in b"!@#$%^&*_+=?-" for b in data.rstrip(b".?!"))
    return real_secret(data) and kinds >= 2 and (kinds == 3 or signs or any(0x30 <= b <= 0x39 for b in data))


def telling_password(data: bytes) -> bool:
    """What nobody writes but as a password, with no word that joins it to one: both cases, digits, and a sign in the middle."""
    inner = data[1:-1]
    return (
        strong_password(data)
        and any(0x61 <= b <= 0x7A for b in data)
        and any(0x41 <= b <= 0x5A for b in data)
        and any(0x30 <= b <= 0x39 for b in data)
        and any(b in b"!@#$%^&*?" for b in inner)
        and b"/" not in data
        and not (b"@" in inner and b"." in inner[inner.find(b"@") :])  # an address
    )


def seed_words(data: bytes) -> bool:
    """Words of a wallet: few of them come twice, and none is one that only joins others."""
    words = data.lower().split()
    return len(set(words)) * 4 >= len(words) * 3 and not any(word in _JOINING for word in words)


_JOINING: Final = frozenset(
    b"the and for not you are was were has have had but with from they this that his her its".split()
)
_SMALL_WORDS: Final = frozenset(
    (
        b"the and for not your you our has have was are must should will can may this that with from but use new old field "
        b"please enter password passwords passphrase passwd forgot reset change confirm invalid wrong required incorrect least "
        b"character characters digit digits letter letters contain mot passe votre oubli nouveau clave actual nueva ihr das der "
        b"die ist oder und los las una con por para per dos nova sua does match cannot least when how who what which all any see "
        b"set get user account "
    ).split()
)

_REFERENCE: Final = re.compile(
    rb"^\$|^%|^\{|\$\{|\{\{|^<.*>$|^\[.*\]$|^\.{2,}$|^your[-_ ]|^x{3,}$|(?i:redacted|placeholder)"
)
_STARS: Final = re.compile(rb"[*xX.]{3,}|\*+")
