"""What can serve as a password."""

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import checked


def test_a_usable_secret_is_returned_as_it_is() -> None:
    assert checked(" pä$$ ", "here") == " pä$$ "
    assert checked("x" * 4096, "here") == "x" * 4096


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "here holds no secret"),
        (" \t", "here holds no secret"),
        ("hunter2" * 1000, "here is longer than 4096"),
        ("hunter2\0", "here holds a zero byte"),
        ("hunter2\udcff", "here is not Unicode"),
    ],
)
def test_others_are_refused_without_showing_them(secret: str, problem: str) -> None:
    with pytest.raises(SecretUnavailableError, match=problem) as caught:
        checked(secret, "here")
    assert "hunter" not in str(caught.value)
