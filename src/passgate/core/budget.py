"""What a pass may spend on calls to models before it must be issued anew."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Ceilings over the whole life of a pass; None is no ceiling, and one at least is set.

    ``microdollars``: millionths of a US dollar.
    """

    requests: int | None = None
    tokens: int | None = None
    microdollars: int | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a budget that says nothing, or that allows nothing."""
        ceilings = [ceiling for ceiling in (self.requests, self.tokens, self.microdollars) if ceiling is not None]
        if not ceilings:
            raise ValueError("a budget without a ceiling is none")
        if min(ceilings) < 1:
            raise ValueError("a ceiling is at least 1")

    @property
    def ceilings(self) -> tuple[int | None, int | None, int | None]:
        """Requests, tokens, microdollars."""
        return self.requests, self.tokens, self.microdollars

    def is_within(self, most: "Budget") -> bool:
        """Whether no ceiling of it is above one of ``most``, or missing where that has one."""
        pairs = zip(self.ceilings, most.ceilings, strict=True)
        return all(ceiling is None or (one is not None and one <= ceiling) for one, ceiling in pairs)
