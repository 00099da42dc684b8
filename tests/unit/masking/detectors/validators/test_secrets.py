import zlib

from hypothesis import given
from hypothesis import strategies as st

from passgate.masking.detectors.validators import secrets
from tests.unit.masking.detectors.validators.good_and_bad import check


def test_entropy() -> None:
    assert secrets.entropy(b"aaaa") == 0
    assert secrets.entropy(b"abcd") == 2


def test_real_secret() -> None:
    bad = (
        "",
        "aaaa",
        "changeme",
        "example-key",
        "YOUR_API_KEY",
        "${TOKEN}",
        "{{ token }}",
        "<token>",
        "********",
        "xxxxxxxx",
        "null",
    )
    check(secrets.real_secret, ("hunter2",), (*bad, "os.environ[x]", "get(x)", "abc...def"))
    check(secrets.random_token, ("k3Jd82mQpz",), ("abababab", "changeme"))
    check(secrets.varied, ("k3Jd82mQpz", "AKIAIOSFODNN7EXAMPLE"), ("AKIAXXXXXXXXXXXXXXXX", "changeme"))


def test_high_entropy() -> None:
    good = ("k3Jd82mQpzLw91", "9f86d081884c7d65", "QmFzZTY0IGlzIGZ1biE0", "aVbQxLmRtYzWpNcKd")
    bad = (
        "2026-01-31T23:59",
        "550e8400-e29b-41d4-a716-446655440000",
        "/usr/local/bin/x1",
        "my-app-secrets",
        "MY_CONSTANT_2",
    )
    check(
        secrets.high_entropy,
        good,
        (*bad, "internationalization", "user_profile_v2", "aaaaaaaaaaaaaaaa1", "0000000011111111", "changeme"),
    )


def test_password() -> None:
    good = ("hunter2!", "swordfish", "Tr0ub4dor&3")
    bad = (
        "abc",
        "short",
        "SecretStr",
        "get_pw",
        "HASHED_PASSWORD",
        "self.password",
        "obj->pw",
        "required",
        "changeme",
        "must",
    )
    check(secrets.password, good, bad)
    check(secrets.quoted_password, ("p@ss;word",), ("wrong password for user", "changeme"))


def test_strong_password() -> None:
    check(secrets.strong_password, ("Sup3rS3cret!", "abc123def"), ("required", "Incorrect", "changeme1", "options"))


def test_telling_password() -> None:
    other = ("/usr/local/Foo2+bar", "Argon2id=v19", "OAuth2flow", "abc123!def", "Jane.R0e!x@corp.example", "Must8Chars")
    check(secrets.telling_password, ("Gr8nWald!77", "q7Wz!kk2"), other)


def test_connection_string_passwords() -> None:
    check(secrets.url_password, ("tiger", "password"), ("${PW}", "<pw>", "****", "xxx", "$PW", "[pw]", "your-password"))
    check(secrets.dsn_password, ("tiger", "pw"), ("unquote(x)", "None", "None)", "null", "${PW}"))


def test_tokens() -> None:
    check(secrets.mixed_case_and_digit, ("aB3dE6gH9",), ("abcdef123", "ABCDEF123", "aBcDeFgHi"))
    check(secrets.mixed_case_and_digit_loose, ("AAAAAAAAAAa1",), ("AAAAAAAAAAAA", "aaaaaa11", "AAAAaaaa"))
    check(secrets.letters_and_digits, ("abc123xyz789",), ("abcdefgh", "12345678"))
    check(
        secrets.letters_and_digits_loose,
        ("ab-12.cd_34~x", "0123456789abcdef"),
        ("of-bad-news", "abcdefghijkl", "aa11aa11"),
    )


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", min_size=30, max_size=30))
def test_github_checksum(body: str) -> None:
    tail = secrets.base62(zlib.crc32(body.encode()), 6)
    assert len(tail) == 6
    assert secrets.github_checksum(f"ghp_{body}{tail}".encode())
    assert not secrets.github_checksum(f"ghp_{body}{tail[::-1] if tail != tail[::-1] else 'zzzzzz'}".encode())
    assert not secrets.github_checksum(f"ghp_{body}".encode())
    assert not secrets.github_checksum(f"{body}{tail}".encode())


def test_jwt() -> None:
    check(
        secrets.jwt,
        ("eyJhbGciOiJIUzI1NiJ9.e30.x", "eyJ0eXAiOiJKV1QifQ.e30.x"),
        ("eyJhIjoxfQ.e30.x", "eyJhbGciOiJIUzI1.e30.x", "WzFd.e30.x", "a.b"),
    )


def test_basic_credentials() -> None:
    check(
        secrets.basic_credentials,
        ("YWxpY2U6cHc=", "YWxpY2U6cHc"),
        ("YWxpY2U=", "YWxpY2U6", "Options", "!!!!", "/////zo/"),
    )


def test_quoted_password_of_several_words() -> None:
    good = ("correct horse battery staple", "Kx92!mQp")
    bad = ("New password", "Mot de passe oublié", "must have at least 8 characters", "enter your secret phrase here")
    check(secrets.quoted_password, good, bad)


def test_seed_words() -> None:
    good = ("legal winner thank year wave sausage worth useful legal winner thank yellow",)
    bad = ("we went home and the others were still not here when rain began", "one two " * 6)
    check(secrets.seed_words, good, bad)


def test_what_a_program_takes_as_a_password() -> None:
    check(secrets.command_password, ("hunter", "qwerty12", "a/b-c"), ("$PASS", "-v", "/opt", "<password>", "********"))
    check(secrets.device_password, ("hunter", "01640A5D66CD5B"), ("encrypted", "none", "sha256", "$1"))


def test_an_argument_behind_its_name() -> None:
    bad = (
        "password2",
        "user_token",
        "Log in 2",
        "reset-key1",
        "SCRAM-SHA-256-PLUS",
        "https://x1",
        "changeme",
        "letters",
    )
    check(secrets.argument_password, ("1acQ16CsV", "oe7jG0F6s!"), bad)


def test_types_of_a_module_are_no_secrets() -> None:
    check(
        secrets.high_entropy,
        ("a1.X9kQm2Lw7Zp4",),
        ("x25519.X25519PrivateKey", "mlkem.MLKEM1024PublicKey", "a.b2.Key3Pair"),
    )


def test_what_stands_before_a_string_of_code_is_no_password() -> None:
    check(secrets.dsn_password, ("tiger", "bb"), ("b", "R", "rb", "f"))
