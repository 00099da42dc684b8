from passgate.core.errors import AccessDeniedError, PassgateError


def test_an_error_says_its_docstring_unless_it_knows_better() -> None:
    assert str(AccessDeniedError()) == "No live pass was presented."
    assert str(AccessDeniedError("the pass was revoked")) == "the pass was revoked"
    assert issubclass(AccessDeniedError, PassgateError)
