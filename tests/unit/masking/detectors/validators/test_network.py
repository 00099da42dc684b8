from passgate.masking.detectors.validators import network
from tests.unit.masking.detectors.validators.good_and_bad import check


def test_email() -> None:
    good = ("a@b.io", "o.brien+x@mail.corp.local", "jörg@müller.de")
    bad = (
        "a..b@x.io",
        ".a@x.io",
        "a.@x.io",
        "git@github.com",
        "image@2x.png",
        "a@-x.io",
        "a@x-.io",
        "a" * 65 + "@x.io",
        "@x.io",
        "a@.io",
    )
    check(network.email, good, (*bad, "a@" + "b" * 64 + ".io"))


def test_ipv4() -> None:
    good = ("203.0.113.7", "10.0.0.1", "192.168.1.1")
    check(
        network.ipv4,
        good,
        (
            "256.1.1.1",
            "01.2.3.44",
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "1.2.3.4",
            "2.5.29.9",
            "2.5.29.35",
            "2.5.4.45",
        ),
    )


def test_ipv6() -> None:
    good = ("2001:db8:85a3::8a2e:370:7334", "fe80::1", "fe80::1ff:fe23:4567:890a", "1:2:3:4:5:6:7:8")
    check(network.ipv6, good, ("::", "::1", "a:b::c", "std::vector", "a::b", "12:34:56", "1:2:3:4:5:6:7:8:9"))


def test_mac() -> None:
    check(network.mac, ("00:1B:44:11:3A:B7",), ("ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"))


def test_coordinates() -> None:
    check(
        network.coordinates,
        ("48.85837, 2.29448", "-33.8568 151.2153"),
        ("95.1234, 2.1234", "48.1234, 190.1234", "0.0000, 0.0000"),
    )
    assert not network.coordinates(b"48.85837,")
