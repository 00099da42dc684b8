"""What is neither a conversation nor a file: models, embeddings, moderations, counts of tokens."""

import base64
import hashlib
import struct
from collections.abc import Sequence
from typing import Any

from passgate.testing.llm_provider.asked import BadRequestError, Document

_DIMENSIONS = 8
_CATEGORIES = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")

OPENAI_MODELS = ("gpt-5.2", "gpt-5-mini", "text-embedding-3-small", "omni-moderation-latest")
ANTHROPIC_MODELS = ("claude-opus-4-7", "claude-sonnet-4-5", "claude-haiku-4-5")


def openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_760_000_000, "owned_by": "system"}


def openai_models() -> dict[str, Any]:
    return {"object": "list", "data": [openai_model(name) for name in OPENAI_MODELS]}


def anthropic_model(name: str) -> dict[str, Any]:
    title = name.replace("-", " ").title()
    return {"type": "model", "id": name, "display_name": title, "created_at": "2026-02-04T00:00:00Z"}


def anthropic_models() -> dict[str, Any]:
    data = [anthropic_model(name) for name in ANTHROPIC_MODELS]
    return {"data": data, "has_more": False, "first_id": data[0]["id"], "last_id": data[-1]["id"]}


def embeddings(document: Document, size: int) -> dict[str, Any]:
    """Vectors that depend on the text and nothing else. Raises BadRequestError."""
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(text, document.get("encoding_format"))}
        for index, text in enumerate(_inputs(document))
    ]
    used = size // 4 + 1
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "data": data, "model": document.get("model"), "usage": usage}


def moderations(document: Document) -> dict[str, Any]:
    """Nothing is ever wrong. Raises BadRequestError."""
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 1e-06),
        "category_applied_input_types": {name: ["text"] for name in _CATEGORIES},
    }
    model = document.get("model") or "omni-moderation-latest"
    return {"id": "modr-1", "model": model, "results": [result for _ in _inputs(document)]}


def _inputs(document: Document) -> Sequence[object]:
    given = document.get("input")
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and given:
        return given
    raise BadRequestError("'$.input' is invalid")


def _vector(text: object, encoding: object) -> str | list[float]:
    digest = hashlib.sha256(str(text).encode()).digest()
    values = [byte / 255 - 0.5 for byte in digest[:_DIMENSIONS]]
    if encoding == "base64":
        return base64.b64encode(struct.pack(f"<{_DIMENSIONS}f", *values)).decode()
    return values
