"""The shape of the whole configuration, read off the model: for documentation, and for finding what a typing error meant."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from passgate.config.settings import Settings


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> tuple[str, ...]:
    """Every setting as documentation writes it: ``listeners[].tls.certificate``, ``resources.<name>.kind``."""
    names: list[str] = []
    for key, field in model.model_fields.items():
        here = f"{prefix}{key}"
        inner, marker = inner_model(field.annotation)
        names.append(here)
        if inner is not None:
            names.extend(setting_names(inner, f"{here}{marker}."))
    return tuple(names)


def inner_model(annotation: Any) -> tuple[type[BaseModel] | None, str]:  # noqa: ANN401 - an annotation is of any kind
    """The section below a setting and how one steps into it (``[]`` a list, ``.<name>`` a mapping); None below a plain value."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return inner_model(arguments[0])
    if isinstance(annotation, type) and origin is None:
        return (annotation, "") if issubclass(annotation, BaseModel) else (None, "")
    if origin is tuple:
        inner, below = inner_model(arguments[0])
        return inner, f"[]{below}"
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        inner, below = inner_model(arguments[1])
        return inner, f".<name>{below}"
    for argument in arguments:
        inner, below = inner_model(argument)
        if inner is not None:
            return inner, below
    return None, ""
