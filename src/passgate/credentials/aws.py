"""AWS Secrets Manager (API reference, "GetSecretValue"), by botocore: an optional part, ``passgate[aws]``.

botocore finds the gate's own credentials as every AWS tool does (environment, shared files, container and instance roles), signs
(SigV4), and knows the endpoints of all regions. It blocks, so it runs in a thread.
"""

import asyncio
from dataclasses import dataclass

import orjson

from passgate.core.errors import ConfigError, SecretUnavailableError
from passgate.credentials.credential import checked

try:
    import botocore.config
    import botocore.exceptions
    import botocore.session
except ImportError:  # pragma: no cover - tests have it
    _INSTALLED = False
else:
    _INSTALLED = True

_SECONDS = 5
_ATTEMPTS = 3

_REMEDIES = {
    "ResourceNotFoundException": "there is no such secret in that region: check its name and `region`",
    "AccessDeniedException": "the gate's role must be allowed secretsmanager:GetSecretValue on it, and kms:Decrypt on its key",
    "DecryptionFailure": "its KMS key cannot be used: it is disabled, or not allowed to the gate's role",
    "InvalidRequestException": "it is marked for deletion, or in no state to be read",
    "UnrecognizedClientException": "the gate's own AWS credentials are not good",
    "InvalidSignatureException": "the gate's own AWS credentials are not good",
    "ExpiredTokenException": "the gate's own AWS credentials have expired",
    "ThrottlingException": "AWS takes no more requests for now",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCredential:
    """``secret``: name or ARN. ``field``: of the JSON object that the secret is; the whole secret if empty. ``region`` and
    ``endpoint``: as botocore finds them if empty."""

    secret: str
    field: str = ""
    region: str = ""
    endpoint: str = ""

    def __post_init__(self) -> None:
        """Raises ConfigError where botocore is not installed."""
        if not _INSTALLED:
            raise ConfigError("Secrets of AWS need botocore: install passgate[aws]")

    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""
        where = f"The AWS secret {self.secret}"
        try:
            text = await asyncio.to_thread(self._read)
        except botocore.exceptions.ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            why = _REMEDIES.get(code, "AWS refused it")
            raise SecretUnavailableError(f"{where} cannot be had: {why} ({code})") from None
        except botocore.exceptions.BotoCoreError as error:  # of no message of which it is known what it holds
            raise SecretUnavailableError(f"{where} cannot be had: {type(error).__name__}") from None
        if text is None:
            raise SecretUnavailableError(f"{where} is not a text")
        return checked(text if not self.field else _field(text, self.field, where), where)

    def _read(self) -> str | None:
        client = botocore.session.get_session().create_client(
            "secretsmanager",
            region_name=self.region or None,
            endpoint_url=self.endpoint or None,
            config=botocore.config.Config(
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            ),
        )
        try:
            text = client.get_secret_value(SecretId=self.secret).get("SecretString")
        finally:
            client.close()
        return text if isinstance(text, str) else None


def _field(text: str, field: str, where: str) -> str:
    try:
        values = orjson.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise SecretUnavailableError(f"{where} is no JSON object, so it has no field {field}")
    value = values.get(field)
    if not isinstance(value, str):
        raise SecretUnavailableError(f"{where} has no field {field} that is a text")
    return value
