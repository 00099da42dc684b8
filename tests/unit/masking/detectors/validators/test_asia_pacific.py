from passgate.masking.detectors.validators import asia_pacific
from tests.unit.masking.detectors.validators.good_and_bad import check, one_digit_off


def test_australia_and_new_zealand() -> None:
    check(asia_pacific.tfn, ("123 456 782",), (*one_digit_off("123456782"), "000000000"))
    check(asia_pacific.abn, ("51 824 753 556",), ("51 824 753 557", "01 824 753 556"))
    check(asia_pacific.acn, ("004 085 616",), ("004 085 617", "000000000"))
    check(asia_pacific.medicare_au, ("2123 45670 1",), ("2123 45671 1", "9123 45670 1"))
    check(
        asia_pacific.ird, ("49-091-850", "35901981", "136410132"), ("49-091-851", "9125568", "151000000", "999-999-999")
    )


def test_india() -> None:
    check(asia_pacific.aadhaar, ("2341 2341 2346",), ("2341 2341 2347", "1341 2341 2346", "222222222222"))
    check(asia_pacific.gstin, ("27AAPFU0939F1ZV",), ("27AAPFU0939F1ZW",))


def test_singapore_hong_kong_taiwan() -> None:
    check(asia_pacific.nric, ("S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"), ("S1234567E",))
    check(asia_pacific.hkid, ("A123456(3)", "AB987654(3)"), ("A123456(4)",))
    check(asia_pacific.national_tw, ("A123456789",), ("A123456788",))


def test_korea_japan_china() -> None:
    check(asia_pacific.rrn, ("900101-1234567",), ("901301-1234567", "900101-9234567"))
    check(asia_pacific.my_number, ("123456789018",), ("123456789019", "000000000000"))
    check(
        asia_pacific.resident_cn,
        ("11010519491231002X",),
        ("110105194912310021", "11010519491331002X", "11010512491231002X"),
    )


def test_south_east_asia_and_beyond() -> None:
    check(asia_pacific.citizen_th, ("1234567890121",), ("1234567890122", "0000000000000"))
    check(asia_pacific.nik, ("3175014506900001",), ("3175013206900001", "0175014506900001"))
    check(asia_pacific.mykad, ("900101-14-1234",), ("901301-14-1234", "900101-00-1234"))
    check(asia_pacific.israel_id, ("12345678-2",), ("12345678-3", "00000000-0"))
    check(asia_pacific.south_africa_id, ("8001015009087",), ("8001015009088", "8013015009087"))
    check(asia_pacific.emirates_id, ("784-1990-1234567-6",), ("784-1990-1234567-7", "784-1790-1234567-6"))
