"""Who asks for what: the parts that need no provider."""

import pytest
from aiohttp.test_utils import make_mocked_request

from passgate.codecs.llm.operation import Dialect
from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import (
    AccessDeniedError,
    DetectorError,
    LedgerUnavailableError,
    LocalProtocolError,
    PassgateError,
    RemoteProtocolError,
    SecretUnavailableError,
    StoreError,
    TargetUnavailableError,
)
from passgate.endpoints.llm.call import nearest, refused_for
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.upstream import UpstreamCutError, UpstreamTimeoutError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (DetectorError("secret"), 503),
        (LedgerUnavailableError("secret"), 503),
        (StoreError("secret"), 503),
        (SecretUnavailableError("secret"), 503),
        (TargetUnavailableError("secret"), 502),
        (UpstreamTimeoutError("secret"), 504),
        (UpstreamCutError("secret"), 502),
        (RemoteProtocolError("secret"), 502),
        (LocalProtocolError("secret"), 502),
        (PassgateError("secret"), 503),
    ],
)
def test_what_a_client_is_told_of_an_error_is_not_its_text(error: PassgateError, status: int) -> None:
    told = refused_for(error)
    assert told.refusal.status == status
    assert "secret" not in str(told)
    assert "secret" in told.why


def test_what_may_be_told_is_told() -> None:
    refused = RefusedError(Cause.POLICY, "no")
    assert refused_for(refused) is refused
    locked = refused_for(AccessDeniedError("locked: on leave"))
    assert (str(locked), locked.refusal.status) == ("locked: on leave", 403)


@pytest.mark.parametrize(
    ("path", "headers", "dialect"),
    [
        ("/v1/anything", {}, Dialect.OPENAI),
        ("/v1/messages/more", {}, Dialect.ANTHROPIC),
        ("/claude/v1/messages", {}, Dialect.ANTHROPIC),
        ("/v1/models", {"Anthropic-Version": "2023-06-01"}, Dialect.ANTHROPIC),
    ],
)
def test_the_nearest_dialect(path: str, headers: dict[str, str], dialect: Dialect) -> None:
    assert nearest(make_mocked_request("GET", path, headers=headers)) is dialect
