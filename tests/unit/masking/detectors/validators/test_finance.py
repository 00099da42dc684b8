from passgate.masking.detectors.validators import finance
from tests.unit.masking.detectors.validators.good_and_bad import check, one_digit_off


def test_card() -> None:
    good = ("4111 1111 1111 1111", "5555555555554444", "2223003122003222", "378282246310005", "6011111111111117")
    good += ("30569309025904", "3530111333300000", "6200000000000005")
    check(
        finance.card,
        good,
        (*one_digit_off("4111111111111111"), "0000000000000000", "1234567812345670", "411111111111111"),
    )


def test_card_major_leaves_small_networks_to_context() -> None:
    check(finance.card_major, ("4111111111111111",), ("2200000000000053", "6304000000000000"))
    check(finance.card_in_context, ("6304000000000000", "2200000000000053"), ("6304000000000001", "00000000000000"))


def test_iban() -> None:
    good = ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "fr1420041010050500013M02606", "NO9386011117947")
    check(
        finance.iban,
        good,
        ("GB82WEST1234569876543", "XX82WEST12345698765432", *one_digit_off("DE89370400440532013000")),
    )


def test_bic() -> None:
    check(finance.bic, ("DEUTDEFF", "CHASUS33XXX"), ("ABCDEFGH", "TELEPHON"))


def test_aba() -> None:
    check(finance.aba, ("021000021", "111000025"), (*one_digit_off("021000021"), "991000021"))


def test_crypto_addresses() -> None:
    check(
        finance.base58check,
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",),
        ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "0A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1"),
    )
    check(
        finance.bech32,
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        ),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "bC1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1bio", "bc1"),
    )
    check(finance.ethereum, ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",), ("0x" + "0" * 40,))


def test_vin() -> None:
    check(
        finance.vin,
        ("1HGCM82633A004352", "1M8GDM9AXKP042788"),
        ("1HGCM82633A004353", "11111111111111111", "ABCDEFGHJKLMNPRST"),
    )
    assert not finance.vin(b"1HGCM82633I004352")


def test_plain_checks() -> None:
    check(finance.luhn_number, ("490154203237518",), ("490154203237519", "000000"))
    check(finance.not_repeated, ("12",), ("11-11",))
    check(finance.some_digits, ("A12345",), ("ABCDE1234",))
    check(finance.plate, ("7ABC123", "AB-12 CD"), ("ABCDEF", "123456", "A1", "ABCDE123456"))
