"""Where a secret may be taken from."""

import pytest
from aiohttp.test_utils import make_mocked_request

from passgate.endpoints.safe_transport import is_safe


@pytest.mark.parametrize(
    ("scheme", "remote", "safe"),
    [
        ("https", "192.0.2.1", True),
        ("http", "127.0.0.1", True),
        ("http", "::1", True),
        ("http", "192.0.2.1", False),
        ("http", "localhost", False),
        ("http", None, False),
    ],
)
def test_https_or_this_very_machine(scheme: str, remote: str | None, *, safe: bool) -> None:
    request = make_mocked_request("GET", "/").clone(scheme=scheme, remote=remote or "")
    assert is_safe(request) is safe
