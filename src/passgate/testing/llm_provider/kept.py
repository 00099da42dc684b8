"""Routes of what the provider keeps: files and batches."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from passgate.testing.llm_provider import asked, multipart, sending
from passgate.testing.llm_provider.asked import BadRequestError
from passgate.testing.llm_provider.script import Script
from passgate.testing.llm_provider.shelf import Shelf

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Reply = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]


class Routes:
    """``reply`` sends a document as the next script says; ``script`` gives that of a model, or the next one."""

    def __init__(self, shelf: Shelf, reply: Reply, script: Callable[[str], Script]) -> None:
        self._shelf = shelf
        self._reply = reply
        self._script = script

    def table(self) -> tuple[tuple[str, str, Handler], ...]:
        return (
            ("POST", "/v1/files", self._upload),
            ("GET", "/v1/files", self._list_files),
            ("GET", "/v1/files/{id}", self._file),
            ("DELETE", "/v1/files/{id}", self._delete_file),
            ("GET", "/v1/files/{id}/content", self._download),
            ("POST", "/v1/batches", self._create_batch),
            ("GET", "/v1/batches", self._list_batches),
            ("GET", "/v1/batches/{id}", self._batch),
            ("POST", "/v1/batches/{id}/cancel", self._cancel_batch),
            ("POST", "/v1/messages/batches", self._create_message_batch),
            ("GET", "/v1/messages/batches", self._list_message_batches),
            ("GET", "/v1/messages/batches/{id}", self._message_batch),
            ("DELETE", "/v1/messages/batches/{id}", self._delete_message_batch),
            ("POST", "/v1/messages/batches/{id}/cancel", self._cancel_message_batch),
            ("GET", "/v1/messages/batches/{id}/results", self._message_batch_results),
        )

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        parts = multipart.parse(request.headers.get("content-type", ""), await request.read())
        if not {"file", "purpose"} <= parts.keys():
            raise BadRequestError("'file' and 'purpose' are required")
        kept = self._shelf.keep(
            name=parts["file"].filename or "file",
            purpose=parts["purpose"].data.decode(),
            data=parts["file"].data,
            created=int(time.time()),
        )
        return await self._reply(request, kept)

    async def _list_files(self, request: web.Request) -> web.StreamResponse:
        data = [stored.about for stored in self._shelf.files.values()]
        return await self._reply(request, page(data))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, self._shelf.files[request.match_info["id"]].about)

    async def _delete_file(self, request: web.Request) -> web.StreamResponse:
        gone = self._shelf.files.pop(request.match_info["id"])
        return await self._reply(request, {"id": gone.about["id"], "object": "file", "deleted": True})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        stored = self._shelf.files[request.match_info["id"]]
        return await sending.raw(request, stored.data, self._script(""), "application/octet-stream", anthropic=False)

    async def _create_batch(self, request: web.Request) -> web.StreamResponse:
        made = self._shelf.create_batch(asked.document(await request.read()), int(time.time()))
        return await self._reply(request, made)

    async def _list_batches(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, page(list(self._shelf.batches.values())))

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, self._shelf.batches[request.match_info["id"]])

    async def _cancel_batch(self, request: web.Request) -> web.StreamResponse:
        batch = self._shelf.batches[request.match_info["id"]]
        return await self._reply(request, {**batch, "status": "cancelling"})

    async def _create_message_batch(self, request: web.Request) -> web.StreamResponse:
        made = self._shelf.create_message_batch(asked.document(await request.read()), str(request.url.origin()))
        return await self._reply(request, made)

    async def _list_message_batches(self, request: web.Request) -> web.StreamResponse:
        data = list(self._shelf.message_batches.values())
        ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
        return await self._reply(request, {"data": data, "has_more": False, **ends})

    async def _message_batch(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, self._shelf.message_batches[request.match_info["id"]])

    async def _delete_message_batch(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, self._shelf.drop_message_batch(request.match_info["id"]))

    async def _cancel_message_batch(self, request: web.Request) -> web.StreamResponse:
        batch = self._shelf.message_batches[request.match_info["id"]]
        return await self._reply(request, {**batch, "processing_status": "canceling"})

    async def _message_batch_results(self, request: web.Request) -> web.StreamResponse:
        lines = self._shelf.results(request.match_info["id"])
        return await sending.raw(request, lines, self._script(""), "application/x-jsonl", anthropic=True)


def page(data: list[dict[str, Any]]) -> dict[str, Any]:
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return {"object": "list", "data": data, "has_more": False, **ends}
