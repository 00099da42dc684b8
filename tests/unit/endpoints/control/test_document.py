"""The OpenAPI document, and the reference that people read: both are the table."""

import json
import re
from pathlib import Path
from typing import Any

from passgate.endpoints.control.route import PREFIX
from tests.unit.endpoints.control.conftest import Bench

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "api.md"


def operations(bench: Bench) -> dict[str, dict[str, Any]]:
    paths: Any = bench.endpoint.document["paths"]
    return {
        operation["operationId"]: {**operation, "method": method.upper(), "path": path}
        for path, methods in paths.items()
        for method, operation in methods.items()
    }


async def test_every_reference_leads_somewhere_and_every_schema_is_closed(bench: Bench) -> None:
    document: Any = bench.endpoint.document
    text = json.dumps(document)
    schemas = document["components"]["schemas"]
    assert {name.rsplit("/", 1)[1] for name in re.findall(r'"#/components/schemas/[^"]+', text)} == {
        f"{name}" for name in schemas if f'/{name}"' in text
    }
    open_ones = {
        name for name, one in schemas.items() if one.get("type") == "object" and one.get("additionalProperties")
    }
    assert open_ones == {"OpenApi"}


async def test_every_operation_says_its_roles_its_problems_and_what_is_recorded(bench: Bench) -> None:
    for name, operation in operations(bench).items():
        assert operation["x-passgate-roles"], name
        assert {"400", "401", "403", "429", "503"} <= set(operation["responses"]), name
        changes = operation["method"] != "GET" and operation["x-passgate-recorded"].startswith("that it was called")
        keys = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
        assert bool(keys) == (changes and operation["method"] == "POST"), name


async def test_a_query_has_no_null(bench: Bench) -> None:
    for operation in operations(bench).values():
        for parameter in operation["parameters"]:
            assert "anyOf" not in parameter["schema"], parameter


async def test_the_reference_lists_every_operation_with_its_roles(bench: Bench) -> None:
    rows = re.findall(
        r"^\| `(GET|POST|DELETE) ([^`]+)` \| `(\w+)` \| ([^|]+) \| ([^|]+) \|", REFERENCE.read_text(), re.MULTILINE
    )
    said = {
        name: (method, PREFIX + path, roles.strip(), recorded.strip()) for method, path, name, roles, recorded in rows
    }
    assert said == {
        name: (
            one["method"],
            one["path"],
            ", ".join(one["x-passgate-roles"]),
            {"nothing": "-", "that it was called, and how it ended": "call"}.get(one["x-passgate-recorded"], "view"),
        )
        for name, one in operations(bench).items()
    }
