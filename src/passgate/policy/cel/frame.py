"""What a compiled condition runs against."""

from passgate.policy.cel.errors import EvaluationError
from passgate.policy.cel.functions import Value

MAX_STEPS = 20_000
"""Items that the macros of one decision may visit, all rules together: about 10 ms. A clock would make verdicts depend on load."""


class Frame:
    """Base of whatever attributes are read from. One frame serves one decision, in one thread."""

    __slots__ = ("steps", "variables")

    def __init__(self) -> None:
        self.steps = 0
        self.variables: dict[int, Value] = {}

    def step(self) -> None:
        """Raises EvaluationError once the decision has done too much."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise EvaluationError(f"the macros visited more than {MAX_STEPS} items")
