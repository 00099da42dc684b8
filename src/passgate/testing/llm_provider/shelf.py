"""What the provider keeps for its callers: files, and batches of requests that it answers line by line."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from passgate.testing.llm_provider import errors, ids
from passgate.testing.llm_provider.asked import BadRequestError, Document
from passgate.testing.llm_provider.script import Failure

Answering = Callable[[str, Document, int], dict[str, Any]]
"""Answers one request of a batch: its path, its body, its size in bytes. Raises BadRequestError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    about: dict[str, Any]
    data: bytes


class Shelf:
    """Files and batches of both dialects, in memory. Whatever is not there raises KeyError."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.files: dict[str, StoredFile] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.message_batches: dict[str, dict[str, Any]] = {}
        self._results: dict[str, bytes] = {}

    def keep(self, *, name: str, purpose: str, data: bytes, created: int) -> dict[str, Any]:
        id_ = ids.base62("file-", 22)
        about = {
            "id": id_,
            "object": "file",
            "bytes": len(data),
            "created_at": created,
            "filename": name,
            "purpose": purpose,
            "status": "processed",
            "expires_at": None,
        }
        self.files[id_] = StoredFile(about=about, data=data)
        return about

    # -- OpenAI: a batch reads one file and writes another ---------------------------------------------------------

    def create_batch(self, document: Document, created: int) -> dict[str, Any]:
        """It is complete at once, and shown as being validated once. Raises BadRequestError, KeyError."""
        source = self.files[str(document["input_file_id"])]
        answers: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for number, line in enumerate(source.data.splitlines()):
            answered = self._line(line, number)
            (answers if answered["response"]["status_code"] == 200 else failures).append(answered)
        batch = {
            "id": ids.hexadecimal("batch_", 32),
            "object": "batch",
            "endpoint": document["endpoint"],
            "errors": None,
            "input_file_id": source.about["id"],
            "completion_window": document["completion_window"],
            "status": "completed",
            "output_file_id": self._lines("batch_output.jsonl", answers, created),
            "error_file_id": self._lines("batch_errors.jsonl", failures, created),
            "created_at": created,
            "expires_at": created + 86_400,
            "completed_at": created,
            "request_counts": {
                "total": len(answers) + len(failures),
                "completed": len(answers),
                "failed": len(failures),
            },
            "metadata": document.get("metadata"),
        }
        self.batches[batch["id"]] = batch
        return {**batch, "status": "validating", "output_file_id": None, "error_file_id": None, "completed_at": None}

    def _lines(self, name: str, lines: list[dict[str, Any]], created: int) -> str | None:
        if not lines:
            return None
        data = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
        return str(self.keep(name=name, purpose="batch_output", data=data, created=created)["id"])

    def _line(self, line: bytes, number: int) -> dict[str, Any]:
        custom_id = None
        try:
            request = json.loads(line)
            custom_id = request["custom_id"]
            status, body = 200, self._answering(request["url"], request["body"], len(line))
        except (ValueError, KeyError, TypeError, BadRequestError) as error:
            status, body = 400, errors.openai(Failure(status=400, message=f"line {number + 1}: {error}"))
        response = {"status_code": status, "request_id": ids.hexadecimal("", 32), "body": body}
        return {"id": ids.hexadecimal("batch_req_", 24), "custom_id": custom_id, "response": response, "error": None}

    # -- Anthropic: a batch carries its requests -------------------------------------------------------------------

    def create_message_batch(self, document: Document, base_url: str) -> dict[str, Any]:
        """It is over at once. ``base_url``: where its results are found, as the provider names itself."""
        requests = document.get("requests")
        if not isinstance(requests, list) or not requests:
            raise BadRequestError("requests: Field required")
        lines, succeeded = [], 0
        for request in requests:
            result: dict[str, Any]
            try:
                size = len(json.dumps(request["params"]))
                message = self._answering("/v1/messages", request["params"], size)
                result = {"type": "succeeded", "message": message}
                succeeded += 1
            except BadRequestError as error:
                result = {"type": "errored", "error": errors.anthropic(Failure(status=400, message=str(error)))}
            lines.append({"custom_id": request["custom_id"], "result": result})
        id_, now = ids.base62("msgbatch_01", 22), datetime.now(UTC)
        batch = {
            "id": id_,
            "type": "message_batch",
            "processing_status": "ended",
            "request_counts": {
                "processing": 0,
                "succeeded": succeeded,
                "errored": len(lines) - succeeded,
                "canceled": 0,
                "expired": 0,
            },
            "created_at": now.isoformat(),
            "expires_at": (now + timedelta(days=1)).isoformat(),
            "ended_at": now.isoformat(),
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{base_url}/v1/messages/batches/{id_}/results",
        }
        self.message_batches[id_] = batch
        self._results[id_] = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)
        nothing = {"processing": len(lines), "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        begun = {"processing_status": "in_progress", "ended_at": None, "results_url": None, "request_counts": nothing}
        return {**batch, **begun}

    def results(self, id_: str) -> bytes:
        """JSON Lines."""
        return self._results[id_]

    def drop_message_batch(self, id_: str) -> dict[str, Any]:
        del self.message_batches[id_], self._results[id_]
        return {"id": id_, "type": "message_batch_deleted"}
