"""What is wrong with a request, in the words of RFC 7644, section 3.12."""

from passgate.core.errors import PassgateError


class ScimError(PassgateError):
    """The request cannot be answered.

    ``status``: of HTTP. ``scim_type``: a keyword of table 9, empty where there is none.
    """

    def __init__(self, status: int, detail: str, *, scim_type: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.scim_type = scim_type


def invalid_value(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidValue")


def invalid_syntax(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidSyntax")


def invalid_path(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidPath")


def invalid_filter(detail: str) -> ScimError:
    return ScimError(400, detail, scim_type="invalidFilter")


def uniqueness(detail: str) -> ScimError:
    return ScimError(409, detail, scim_type="uniqueness")
