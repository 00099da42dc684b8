import pytest

from passgate.codecs.postgres.function_call import FunctionCall, FunctionCallResponse
from passgate.core.errors import RemoteProtocolError


def test_a_call_names_the_function_by_its_oid_and_hides_its_arguments() -> None:
    call = FunctionCall(function=1598, argument_formats=(0,), arguments=(b"sesame", None), result_format=1)
    assert FunctionCall.parse(call.encode()[5:]) == call
    assert "1598" in repr(call)
    assert "sesame" not in repr(call)


def test_another_number_of_formats_is_refused() -> None:
    call = FunctionCall(function=1, argument_formats=(0, 0), arguments=(b"a", b"b", b"c"))
    with pytest.raises(RemoteProtocolError, match="2 format codes for 3 arguments"):
        FunctionCall.parse(call.encode()[5:])


def test_a_result_is_not_shown() -> None:
    assert "sesame" not in repr(FunctionCallResponse(result=b"sesame"))
