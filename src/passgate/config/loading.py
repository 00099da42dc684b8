"""``passgate.yaml`` to Settings, or every problem in it at once."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from passgate.config.outline import Models, fields, inner_models
from passgate.config.problems import InvalidSettingsError, Place, Problem
from passgate.config.settings import Settings
from passgate.config.yaml_source import Source, read_yaml
from passgate.core.errors import ConfigError
from passgate.core.spelling import did_you_mean

_UNDECIDED = ("union_tag_invalid", "union_tag_not_found")
"""A section of several kinds that does not say which it is."""

_MAX_BYTES = 2**20
"""A file of settings, not of data."""

_REMEDY = " (name it with --config or PASSGATE_CONFIG; `passgate init` makes one)"

_PLAIN = {
    "missing": "is required",
    "union_tag_not_found": "is required",
    "string_type": "must be a text (put it in quotes)",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "model_type": "must be a mapping of settings",
    "model_attributes_type": "must be a mapping of settings",
    "float_type": "must be a number",
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
        remedy = _REMEDY if isinstance(error, FileNotFoundError) else ""
        raise ConfigError(f"{path}: the configuration cannot be read: {error.strerror}{remedy}") from error
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
    if kind in _UNDECIDED:
        path = (*path, "kind")
    if kind == "extra_forbidden":
        text = f"unknown setting{did_you_mean(str(path[-1]), _siblings(source, path))}"
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
        return _one_of(str(context["expected"]), _at(source, path))
    if kind == "union_tag_invalid":
        return _one_of(" or ".join(str(context["expected_tags"]).rsplit(", ", 1)), _at(source, path))
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    return _PLAIN.get(kind) or re.sub(r"^(Input|String) should", "must", details["msg"])


def _one_of(expected: str, written: object) -> str:
    known = re.findall(r"'([^']*)'", expected)
    near = did_you_mean(written, known) if isinstance(written, str) else ""
    return f"must be {expected}{near}"


def _path(location: Sequence[str | int]) -> tuple[str | int, ...]:
    """pydantic adds a step of its own where a mapping's key is wrong, and one where a section is of one of several kinds."""
    path: list[str | int] = []
    steps = list(location[:-1] if location[-1:] == ("[key]",) else location)
    models: Models = (Settings,)
    while steps:
        key = steps.pop(0)
        path.append(key)
        models, marker = inner_models(fields(models).get(str(key), ()))
        entries = marker.count("[]") + marker.count(".<name>")
        path += steps[:entries]
        del steps[:entries]
        if len(models) > 1 and steps:
            kind = steps.pop(0)
            models = tuple(model for model in models if _is_of(model, kind))
    return tuple(path)


def _is_of(model: type[BaseModel], kind: object) -> bool:
    return kind in get_args(model.model_fields["kind"].annotation)


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


def _siblings(source: Source, path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The settings that may stand where ``path`` does."""
    models: Models = (Settings,)
    here: list[str | int] = []
    steps = list(path[:-1])
    while steps:
        key = steps.pop(0)
        models, marker = inner_models(fields(models).get(str(key), ()))
        entries = marker.count("[]") + marker.count(".<name>")
        here += [key, *steps[:entries]]
        del steps[:entries]
        if len(models) > 1:
            kind = _at(source, (*here, "kind"))
            models = tuple(model for model in models if _is_of(model, kind))
    return tuple(fields(models))
