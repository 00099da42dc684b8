"""The shape of the whole configuration, read off the model: for documentation, and for finding what a typing error meant."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from passgate.config.settings import Settings

Models = tuple[type[BaseModel], ...]


def setting_names(models: Sequence[type[BaseModel]] = (Settings,), prefix: str = "") -> tuple[str, ...]:
    """Every setting as documentation writes it: ``listeners[].tls.certificate``, ``resources.<name>.kind``.

    Where a section is of one of several kinds, the settings of all of them, each once.
    """
    names: list[str] = []
    for key, annotations in fields(models).items():
        inner, marker = inner_models(annotations)
        names.append(f"{prefix}{key}")
        if inner:
            names.extend(setting_names(inner, f"{prefix}{key}{marker}."))
    return tuple(names)


def fields(models: Sequence[type[BaseModel]]) -> dict[str, tuple[Any, ...]]:
    """Key -> its annotation in each of the models that have it."""
    found: dict[str, tuple[Any, ...]] = {}
    for model in models:
        for key, field in model.model_fields.items():
            found[key] = (*found.get(key, ()), field.annotation)
    return found


def inner_models(annotations: Sequence[Any]) -> tuple[Models, str]:
    """The sections below a setting and how one steps into them (``[]`` a list, ``.<name>`` a mapping); none below a plain value."""
    found: dict[type[BaseModel], str] = {}
    for annotation in annotations:
        found.update(_inner(annotation))
    return tuple(found), next(iter(found.values()), "")


def _inner(annotation: Any) -> dict[type[BaseModel], str]:  # noqa: ANN401 - an annotation is of any kind
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _inner(arguments[0])
    if isinstance(annotation, type) and origin is None:
        return {annotation: ""} if issubclass(annotation, BaseModel) else {}
    if origin is tuple:
        return {model: f"[]{below}" for model, below in _inner(arguments[0]).items()}
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {model: f".<name>{below}" for model, below in _inner(arguments[1]).items()}
    return {model: below for argument in arguments for model, below in _inner(argument).items()}
