from passgate.masking.detectors.validators import americas
from tests.unit.masking.detectors.validators.good_and_bad import check, one_digit_off


def test_united_states() -> None:
    check(americas.ssn, ("536-90-4399",), ("000-12-3456", "666-12-3456", "900-12-3456", "123-00-4567", "123-45-0000"))
    check(americas.ssn, (), ("078-05-1120", "123-45-6789", "111-11-1111"))
    check(americas.itin, ("912-90-3456", "900-70-0000"), ("912-49-3456", "812-90-3456", "912-93-3456"))
    check(americas.ein, ("12-3456789",), ("07-1234567", "11-1111111"))
    check(americas.npi, ("1234567893",), (*one_digit_off("1234567893"), "3234567893"))
    check(americas.dea, ("AB1234563",), ("AB1234564", "AB0000000"))
    check(
        americas.nanp, ("(212) 555-0187", "1-212-867-5309"), ("112-867-5309", "212-167-5309", "222-222-2222", "2128675")
    )
    check(americas.mbi, ("1EG4-TE5-MK73",), ("1AA1-AA1-AA11",))


def test_canada() -> None:
    check(americas.sin, ("130 692 544",), ("046 454 286", "130 692 545"))


def test_brazil() -> None:
    check(americas.cpf, ("111.444.777-35", "52998224725"), (*one_digit_off("52998224725"), "111.111.111-11"))
    check(
        americas.cnpj,
        ("11.222.333/0001-81", "12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12.ABC.345/01DF-35", *one_digit_off("11222333000181"), "00.000.000/0000-00"),
    )


def test_mexico() -> None:
    check(americas.curp, ("HEGG560427MVZRRL04",), ("HEGG560427MVZRRL05", "HEGG561327MVZRRL04"))
    check(americas.rfc_mx, ("GODE561231GR8",), ("GODE561231GR9", "GODE561331GR8"))


def test_argentina_and_chile() -> None:
    check(americas.cuit, ("20-12345678-6",), ("20-12345678-7", "99-12345678-6"))
    check(americas.rut, ("12.345.678-5", "10000013-K"), ("12.345.678-6", "11.111.111-1"))
