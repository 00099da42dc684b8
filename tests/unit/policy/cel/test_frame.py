import pytest

from passgate.policy.cel.errors import EvaluationError
from passgate.policy.cel.frame import MAX_STEPS, Frame


def test_steps_are_counted_up_to_the_bound() -> None:
    frame = Frame()
    for _ in range(3):
        frame.step()
    assert frame.steps == 3
    frame.steps = MAX_STEPS
    with pytest.raises(EvaluationError, match="visited more than"):
        frame.step()
