"""Saying no in the protocol's own form, and letting a server's own complaints through without the values in them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse, Report
from passgate.codecs.postgres.sqlstate import INSUFFICIENT_PRIVILEGE, condition

ReportT = TypeVar("ReportT", bound=Report)

WITHHELD = "the server's own text is withheld because the statement touches masked columns"

_SQLSTATE_LENGTH = 5


def refusal(
    message: str, *, detail: str | None = None, hint: str | None = None, sqlstate: str = INSUFFICIENT_PRIVILEGE
) -> ErrorResponse:
    """An error that ends the statement and leaves the connection. NUL, which a field cannot hold, is dropped."""
    return _error("ERROR", sqlstate, message, detail, hint)


def fatal(sqlstate: str, message: str, *, detail: str | None = None, hint: str | None = None) -> ErrorResponse:
    """An error that the end of the connection follows."""
    return _error("FATAL", sqlstate, message, detail, hint)


def notice(
    message: str, *, detail: str | None = None, hint: str | None = None, sqlstate: str = "01000"
) -> NoticeResponse:
    """A warning that goes with a result."""
    return NoticeResponse(
        severity_localized="WARNING",
        severity="WARNING",
        sqlstate=sqlstate,
        message=_clean(message),
        detail=detail and _clean(detail),
        hint=hint and _clean(hint),
    )


def masked(report: ReportT, scan_text: Callable[[bytes], bytes]) -> ReportT:
    """Every free text scanned. Names of objects, positions and places in the server's source stay: they hold no values.

    Raises what ``scan_text`` raises; the caller then sends ``withheld``.
    """

    def scanned(text: str | None) -> str | None:
        return text and _clean(scan_text(text.encode()).decode(errors="replace"))

    return replace(
        report,
        message=scanned(report.message),
        detail=scanned(report.detail),
        hint=scanned(report.hint),
        where=scanned(report.where),
        internal_query=scanned(report.internal_query),
    )


def withheld(report: ReportT) -> ReportT:
    """Nothing but what kind of error it is and where in the statement: no text that a value could hide in.

    Names of objects go too: a function can raise an error that names whatever it likes.
    """
    sqlstate = report.sqlstate or ""
    known = len(sqlstate) == _SQLSTATE_LENGTH and sqlstate.isascii() and sqlstate.isalnum()
    severity = report.severity or "ERROR"
    return type(report)(
        severity_localized=severity,
        severity=severity,
        sqlstate=sqlstate if known else "XX000",
        message=condition(sqlstate),
        detail=WITHHELD,
        position=report.position,
    )


def _error(severity: str, sqlstate: str, message: str, detail: str | None, hint: str | None) -> ErrorResponse:
    return ErrorResponse(
        severity_localized=severity,
        severity=severity,
        sqlstate=sqlstate,
        message=_clean(message),
        detail=detail and _clean(detail),
        hint=hint and _clean(hint),
    )


def _clean(text: str) -> str:
    return text.replace("\0", "")
