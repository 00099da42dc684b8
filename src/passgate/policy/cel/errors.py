"""What can go wrong with a condition: when it is loaded, and when it runs."""


class ConditionError(Exception):
    """The condition cannot be loaded.

    ``offset`` counts characters from the start of the condition; ``remedy`` says what to write instead, empty if nothing is near.
    """

    def __init__(self, message: str, *, offset: int, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.remedy = remedy


class EvaluationError(Exception):
    """The condition has no value: a missing value, an overflow, a bad conversion, a bound that was hit."""
