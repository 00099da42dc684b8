import pytest

from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.codecs.postgres.refusal import WITHHELD, fatal, masked, notice, refusal, withheld
from passgate.codecs.postgres.sqlstate import PROTOCOL_VIOLATION
from tests.unit.codecs.postgres.masker import FOUND, SECRET, PlainMasker

VIOLATION = ErrorResponse(
    severity_localized="FEHLER",
    severity="ERROR",
    sqlstate="23505",
    message=f"duplicate key {SECRET.decode()}",
    detail=f"Key (email)=({SECRET.decode()}) already exists.",
    hint=f"not {SECRET.decode()}",
    position="8",
    internal_query=f"select '{SECRET.decode()}'",
    where=f"PL/pgSQL function f({SECRET.decode()})",
    schema="public",
    table="customers",
    column="email",
    constraint="customers_email_key",
    file="nbtinsert.c",
    line="664",
    routine="_bt_check_unique",
)


def test_a_refusal_ends_the_statement_and_not_the_connection() -> None:
    error = refusal("denied", detail="rule no-drop", hint="ask for approval")
    assert (error.severity, error.severity_localized, error.sqlstate) == ("ERROR", "ERROR", "42501")
    assert (error.message, error.detail, error.hint) == ("denied", "rule no-drop", "ask for approval")
    assert ErrorResponse.parse(error.encode()[5:]) == error


def test_a_fatal_one_says_that_the_connection_ends() -> None:
    error = fatal(PROTOCOL_VIOLATION, "bad message")
    assert (error.severity, error.sqlstate, error.detail) == ("FATAL", "08P01", None)


def test_a_statements_text_in_a_reason_cannot_break_the_message() -> None:
    error = refusal("no \0 here", detail="a\0b", hint="c\0d")
    assert ErrorResponse.parse(error.encode()[5:]) == refusal("no  here", detail="ab", hint="cd")


def test_a_notice_is_a_warning() -> None:
    warning = notice("3 rows were dropped", hint="add LIMIT", detail="the rule allows 10")
    assert (warning.severity, warning.sqlstate, warning.hint) == ("WARNING", "01000", "add LIMIT")
    assert NoticeResponse.parse(warning.encode()[5:]) == warning


def test_every_free_text_is_masked_and_names_stay() -> None:
    seen = masked(VIOLATION, PlainMasker().scan_text)
    assert SECRET not in seen.encode()
    assert seen.detail == f"Key (email)=({FOUND.decode()}) already exists."
    assert (seen.table, seen.constraint, seen.position, seen.sqlstate) == (
        "customers",
        "customers_email_key",
        "8",
        "23505",
    )


def test_a_masked_notice_stays_a_notice_and_missing_fields_stay_missing() -> None:
    seen = masked(NoticeResponse(message=SECRET.decode()), PlainMasker().scan_text)
    assert seen == NoticeResponse(message=FOUND.decode())


def test_a_mask_that_is_not_text_cannot_break_the_message() -> None:
    assert masked(NoticeResponse(message="x"), lambda text: b"\xff\0").message == "\ufffd"


def test_withheld_keeps_the_kind_of_error_and_nothing_a_value_could_hide_in() -> None:
    seen = withheld(VIOLATION)
    assert seen == ErrorResponse(
        severity_localized="ERROR",
        severity="ERROR",
        sqlstate="23505",
        message="unique violation",
        detail=WITHHELD,
        position="8",
    )


@pytest.mark.parametrize("state", [None, "", "12", "123456", "ann@e", "ééééé"])
def test_a_sqlstate_that_is_none_is_not_repeated(state: str | None) -> None:
    assert withheld(ErrorResponse(sqlstate=state, message="x")).sqlstate == "XX000"


def test_a_withheld_report_without_severity_is_an_error() -> None:
    assert withheld(NoticeResponse(message="x")).severity == "ERROR"
