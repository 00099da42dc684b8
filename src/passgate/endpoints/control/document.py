"""The OpenAPI 3.1 document, written from the table of routes and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from passgate.core.event import Json
from passgate.endpoints.control.problem import MEDIA_TYPE, Code, Problem
from passgate.endpoints.control.route import ID, PREFIX, AnyRoute, Effect

IDEMPOTENCY_KEY = r"^[!-~]{1,200}$"

_REF = "#/components/schemas/{model}"
_EVERYWHERE = (Code.MALFORMED, Code.UNAUTHENTICATED, Code.FORBIDDEN, Code.TOO_MANY, Code.UNAVAILABLE)
_HEADERS: Mapping[Code, Mapping[str, str]] = {
    Code.UNAUTHENTICATED: {"WWW-Authenticate": "RFC 6750, section 3."},
    Code.TOO_MANY: {"Retry-After": "Seconds to wait."},
}


def document(routes: Sequence[AnyRoute], *, server: str, version: str) -> dict[str, Json]:
    """``server``: the public origin. ``version``: of Passgate; the API's own is in its path."""
    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [(Problem, "serialization")]
    for route in routes:
        models.append((route.answer, "serialization"))
        if route.has_body:
            models.append((route.body, "validation"))
    names, schemas = models_json_schema(list(dict.fromkeys(models)), ref_template=_REF)
    paths: dict[str, dict[str, Json]] = {}
    for route in routes:
        answer = names[route.answer, "serialization"]
        body = names[route.body, "validation"] if route.has_body else None
        operation = _operation(route, answer, body, names[Problem, "serialization"])
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Passgate control API",
            "version": version,
            "description": "Who may reach what, who does, and what happened. Agents cannot call it.",
        },
        "servers": [{"url": server}],
        "security": [{"bearer": []}],
        "paths": dict[str, Json](paths),
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(
    route: AnyRoute, answer: dict[str, Json], body: dict[str, Json] | None, problem: Json
) -> dict[str, Json]:
    operation: dict[str, Json] = {
        "operationId": route.name,
        "summary": route.about,
        "tags": [route.path.split("/")[1]],
        "x-passgate-roles": list[Json](sorted(role.value for role in route.roles)),
        "x-passgate-recorded": route.effect.value,
        "parameters": list(_parameters(route)),
        "responses": dict(_responses(route, answer, problem)),
    }
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    return operation


def _parameters(route: AnyRoute) -> Iterable[Json]:
    for name in route.parameters:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{ID}$"}}
    for name, schema in route.query.model_json_schema(ref_template=_REF).get("properties", {}).items():
        yield {"name": name, "in": "query", "required": False, "schema": _plain(schema)}
    if keeps_answer(route):
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "A repeated call with the same key and body has no second effect, for 24 hours.",
            "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
        }


def _plain(schema: dict[str, Json]) -> dict[str, Json]:
    """A query has no null: what may be left out is left out."""
    choices = schema.pop("anyOf", None)
    if isinstance(choices, list):
        (only,) = [choice for choice in choices if isinstance(choice, dict) and choice.get("type") != "null"]
        schema = {**schema, **only}
    return {
        name: value for name, value in schema.items() if name != "title" and not (name == "default" and value is None)
    }


def _responses(route: AnyRoute, answer: Json, problem: Json) -> Iterable[tuple[str, Json]]:
    good: Json = {"description": route.answer.__name__, "content": {"application/json": {"schema": answer}}}
    yield str(route.status), good
    if route.status != 200 and keeps_answer(route):
        yield "200", good
    for code in codes(route):
        response: dict[str, Json] = {"description": code.title, "content": {MEDIA_TYPE: {"schema": problem}}}
        if code in _HEADERS:
            response["headers"] = {
                name: {"description": about, "schema": {"type": "string"}} for name, about in _HEADERS[code].items()
            }
        yield str(code.status), response


def codes(route: AnyRoute) -> tuple[Code, ...]:
    """The problems that a call of it may end in."""
    found = set(_EVERYWHERE)
    if route.parameters:
        found.add(Code.NOT_FOUND)
    if route.has_body:
        found |= {Code.TOO_LARGE, Code.MEDIA_TYPE, Code.NOT_ACCEPTED}
    if keeps_answer(route):
        found |= {Code.CONFLICT, Code.NOT_ACCEPTED}
    return tuple(sorted(found, key=lambda code: code.status))


def keeps_answer(route: AnyRoute) -> bool:
    """Whether an idempotency key means anything to it."""
    return route.method == "POST" and route.effect is Effect.CHANGES
