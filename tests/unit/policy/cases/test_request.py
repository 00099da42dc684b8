from passgate.policy.cases.request import Refusal, Statement


def test_a_statement_of_the_simple_protocol_has_no_inputs() -> None:
    assert Statement(text="SELECT 1").inputs is None
    assert Refusal(reason="no") != Statement(text="no")
