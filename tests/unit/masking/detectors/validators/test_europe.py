from passgate.masking.detectors.validators import europe
from tests.unit.masking.detectors.validators.good_and_bad import check, one_digit_off


def test_britain_and_ireland() -> None:
    check(europe.nhs, ("943 476 5919",), (*one_digit_off("9434765919"), "0000000000"))
    check(europe.nino, ("AB 12 34 56 C",), ("BG123456A", "DA123456A", "AO123456A", "AB111111A"))
    check(europe.pps, ("1234567T", "1234567FA"), ("1234567A", "1234567TA"))


def test_iberia_and_italy() -> None:
    check(europe.dni, ("12345678Z", "X1234567L", "Y-1234567-X"), ("12345678A", "11111111H", "X1234567A"))
    check(europe.codice_fiscale, ("RSSMRA85T10A562S",), ("RSSMRA85T10A562T",))
    check(europe.nif_pt, ("501964843",), (*one_digit_off("501964843"), "000000000"))


def test_france() -> None:
    check(
        europe.nir,
        ("1 85 05 78 006 084 91", "2 85 05 2A 123 456 80", "185052B12345660"),
        ("185057800608492", "18505780060849A"),
    )


def test_germany() -> None:
    check(europe.steuer_id, ("86 095 742 719",), ("86 095 742 718", "06 095 742 719", "12345678901"))
    check(europe.personalausweis, ("T220001293",), ("T220001294", "T22000129", "ABCDEFGHI1"))
    check(europe.de_vat, ("DE136695976",), ("DE136695977",))


def test_benelux() -> None:
    check(europe.bsn, ("111222333",), (*one_digit_off("111222333"), "000000000"))
    check(europe.belgium, ("85.07.30-033.28", "17073003384"), ("85.07.30-033.29", "85.19.30-033.28", "85.07.32-033.28"))


def test_poland_and_the_east() -> None:
    check(europe.pesel, ("44051401359",), (*one_digit_off("44051401359"), "44053201359"))
    check(europe.nip, ("123-456-32-18",), ("123-456-32-19", "000-000-00-00"))
    check(europe.regon, ("123456785", "12345678512347"), ("123456786", "12345678512348", "000000000"))
    check(europe.cnp, ("1800101221144",), ("1800101221145", "0800101221144", "1801301221144"))
    check(europe.egn, ("7523169263", "7541010003", "7521010009"), ("7523169264", "7513169263"))
    check(europe.rodne_cislo, ("710319/2745", "715101/1010"), ("710319/2746", "711319/2745"))
    check(europe.snils, ("112-233-445 95",), ("112-233-445 96", "000-000-000 00"))


def test_the_north() -> None:
    check(
        europe.personnummer,
        ("811228-9874", "19811228-9874", "701063-2391"),
        ("811228-9875", "811328-9874"),
    )
    check(europe.fodselsnummer, ("01010750160",), ("01010750161", "32010750160"))
    check(europe.cpr, ("010190-1234",), ("320190-1234",))
    check(europe.hetu, ("131052-308T",), ("131052-308U", "321052-308T"))
    check(europe.isikukood, ("37605030299", "38001085718"), ("37605030298", "97605030299", "37613030299"))


def test_the_south_east() -> None:
    check(europe.oib, ("33392005961",), ("33392005962",))
    check(europe.jmbg, ("0101006500006",), ("0101006500007", "3201006500006"))
    check(europe.tckn, ("10000000146",), ("10000000147", "00000000146"))
    check(europe.amka, ("01013099997",), ("01013099998", "32013099997"))


def test_the_alps() -> None:
    check(europe.ahv, ("756.9217.0769.85",), ("756.9217.0769.86",))
    check(europe.svnr, ("1237 010180",), ("1238 010180", "0237 010180", "1237 012080"))


def test_inn_ru() -> None:
    check(europe.inn_ru, ("7707083893", "500100732259"), ("7707083894", "500100732258", "0000000000"))
