"""Every error that crosses a folder's border. A class's docstring is its message."""


class PassgateError(Exception):
    """Something went wrong in Passgate."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class RemoteProtocolError(PassgateError):
    """The peer broke the protocol."""


class LocalProtocolError(PassgateError):
    """Passgate used a codec wrongly."""


class NotUnderstoodError(PassgateError):
    """The action could not be understood."""


class AccessDeniedError(PassgateError):
    """No live pass was presented."""


class LedgerUnavailableError(PassgateError):
    """The ledger cannot record, so nothing new may happen until it can."""


class LedgerCorruptError(PassgateError):
    """The ledger does not match what was signed."""


class TargetUnavailableError(PassgateError):
    """The resource's server cannot be reached."""


class ConfigError(PassgateError):
    """The configuration is not usable."""


class PolicyError(PassgateError):
    """The policy bundle is not usable."""


class DetectorError(PassgateError):
    """A detector failed, so the value cannot be shown."""


class ApprovalError(PassgateError):
    """The vote may not be counted."""


class SignInError(PassgateError):
    """Nobody could be signed in."""


class LockError(PassgateError):
    """The lock cannot be set or lifted."""


class TokenRefusedError(PassgateError):
    """The token proves nothing here."""


class TokenEndedError(TokenRefusedError):
    """The token is genuine, and no longer counts."""


class OAuthError(PassgateError):
    """The request is not one that is granted.

    ``code``: a word of RFC 6749, section 5.2, or of an extension of it.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class IssuerUnavailableError(PassgateError):
    """The issuer of the token cannot be asked."""


class PassRequestError(PassgateError):
    """The pass cannot be issued as asked for."""


class SecretUnavailableError(PassgateError):
    """The upstream credential could not be obtained."""


class StoreError(PassgateError):
    """The state store cannot be read or written."""
