"""Lengths of time, as options say them."""

from datetime import timedelta

from passgate.core.errors import ConfigError


def duration_of(option: str, text: str) -> timedelta:
    """``30m``, ``2h``. Raises ConfigError, which names the option."""
    from passgate.config.quantities import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None
