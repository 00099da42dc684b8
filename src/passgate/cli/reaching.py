"""Reaching a gate or a provider: whom to trust, and why it did not come about, in words that say what to do."""

import os
import ssl
from pathlib import Path

import aiohttp

from passgate.core.errors import ConfigError

_REMEDY = "name the authority that signed it with --ca, a provider's with --provider-ca"


def trusting(ca: Path | None) -> ssl.SSLContext:
    """``ca``: the authorities to trust instead of the system's. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The authorities {ca} are not usable: {error.strerror or error}") from error


def why_not(error: Exception) -> str:
    """Why nothing came back."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            said = error.certificate_error
            reason = said.verify_message if isinstance(said, ssl.SSLCertVerificationError) else type(said).__name__
            return f"its certificate is not trusted: {reason} ({_REMEDY})"
        case aiohttp.ClientSSLError():
            return "what listens there does not speak TLS"
        case aiohttp.ClientConnectorError():
            return _of_the_system(error.os_error)
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ServerDisconnectedError():
            return "it ended the connection without an answer"
        case OSError() if not isinstance(error, aiohttp.ClientError):
            return _of_the_system(error)
    return type(error).__name__


def _of_the_system(error: OSError) -> str:
    """Of a name with several addresses, each of which failed, there is no number, and the words name them all."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__
