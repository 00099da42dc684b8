"""``passgate.yaml`` to Settings, or every problem in it at once."""

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from passgate.config.outline import inner_model
from passgate.config.problems import InvalidSettingsError, Place, Problem, did_you_mean
from passgate.config.settings import Settings
from passgate.config.yaml_source import Source, read_yaml
from passgate.core.errors import ConfigError

_MAX_BYTES = 2**20
"""A file of settings, not of data."""

_PLAIN = {
    "missing": "is required",
    "string_type": "must be a text (put it in quotes)",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping of settings",
    "mapping_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "is_instance_of": "must be a path",
    "time_delta_type": "must be a duration, as in 30m",
}


def load_settings(path: Path) -> Settings:
    """Raises ConfigError: the file cannot be read, or InvalidSettingsError with one line per problem."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: the configuration cannot be read: {error.strerror}") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: the configuration is larger than {_MAX_BYTES} bytes")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: the configuration is not UTF-8 (byte {error.start})") from error
    return parse_settings(text, file=str(path), base=path.resolve().parent)


def parse_settings(text: str, *, file: str, base: Path) -> Settings:
    """``file`` names the text in problems; relative paths start at ``base``. Raises InvalidSettingsError."""
    source = read_yaml(text)
    problems = list(source.problems)
    if source.value is None and problems:
        raise InvalidSettingsError(file, problems)
    try:
        settings = Settings.model_validate(source.value, context={"base": base})
    except ValidationError as error:
        problems += [_problem(source, details) for details in error.errors(include_url=False, include_input=False)]
        raise InvalidSettingsError(file, problems) from None
    if problems:
        raise InvalidSettingsError(file, problems)
    return settings


def _problem(source: Source, details: ErrorDetails) -> Problem:
    path = _path(details["loc"])
    kind = details["type"]
    if kind == "extra_forbidden":
        text = f"unknown setting{did_you_mean(str(path[-1]), _siblings(path))}"
    else:
        text = _text(source, path, details)
    about_key = kind == "extra_forbidden" or details["loc"][-1:] == ("[key]",)
    place = source.keys[path] if about_key else _nearest(source, path)
    return Problem(place=place, path=path, text=text)


def _text(source: Source, path: tuple[str | int, ...], details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        written = _at(source, path)
        near = did_you_mean(written, known) if isinstance(written, str) else ""
        return f"must be {context['expected']}{near}"
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    return _PLAIN.get(kind) or re.sub(r"^(Input|String) should", "must", details["msg"])


def _path(location: Sequence[str | int]) -> tuple[str | int, ...]:
    """pydantic adds a step of its own where a mapping's key is wrong."""
    return tuple(location[:-1] if location[-1:] == ("[key]",) else location)


def _nearest(source: Source, path: tuple[str | int, ...]) -> Place:
    """Where the value stands; for one that is missing, where the section that lacks it is named."""
    if path in source.values:
        return source.values[path]
    while path := path[:-1]:
        place = source.keys.get(path) or source.values.get(path)
        if place is not None:
            return place
    return source.values[()]


def _at(source: Source, path: tuple[str | int, ...]) -> object:
    value: object = source.value
    for step in path:
        value = value[step] if isinstance(value, dict) else value[int(step)] if isinstance(value, tuple) else value
    return value


def _siblings(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The settings that may stand where ``path`` does."""
    model: type[BaseModel] = Settings
    steps = list(path[:-1])
    while steps:
        step = steps.pop(0)
        field = model.model_fields.get(str(step))
        inner, marker = inner_model(field.annotation) if field else (None, "")
        if inner is None:
            return ()
        model = inner
        del steps[: marker.count("[]") + marker.count(".<name>")]
    return tuple(model.model_fields)
