"""The stand-in's routes: which path is answered in which dialect, and by which script."""

import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from passgate.testing.llm_provider import asked, chat, ids, kept, lists, messages, responses, sending
from passgate.testing.llm_provider.answer import Answer
from passgate.testing.llm_provider.asked import Asked, BadRequestError, Document
from passgate.testing.llm_provider.received import Exchange, Received
from passgate.testing.llm_provider.script import ECHO, Failure, Script
from passgate.testing.llm_provider.shelf import Shelf

_MOST = 2**30
_HEADERS = 2**17

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Provider:
    """Answers by scripts and remembers what it was asked. Safe to script from other threads.

    ``then`` queues scripts for whatever comes next; ``on_model`` sets those of one model, of which the last one stays in force, so
    that tests may run side by side. Everything else is answered by ``default``.
    """

    def __init__(self, *, key: str = "", default: Script = ECHO) -> None:
        self.key = key or ids.base62("stand-in-key-", 32)
        self.default = default
        self.exchanges: list[Exchange] = []
        self._signing_key = secrets.token_bytes(32)
        self._queue: deque[Script] = deque()
        self._models: dict[str, deque[Script]] = {}
        self._lock = threading.Lock()

    # -- scripting and looking -------------------------------------------------------------------------------------

    def then(self, *scripts: Script) -> None:
        with self._lock:
            self._queue.extend(scripts)

    def on_model(self, model: str, *scripts: Script) -> None:
        with self._lock:
            self._models[model] = deque(scripts)

    @property
    def received(self) -> tuple[Received, ...]:
        return tuple(exchange.request for exchange in self.exchanges)

    @property
    def last(self) -> Received:
        return self.exchanges[-1].request

    def forget(self) -> None:
        """What was received so far, and every script that was not used."""
        with self._lock:
            self.exchanges.clear()
            self._queue.clear()
            self._models.clear()

    def _script(self, model: str) -> Script:
        with self._lock:
            named = self._models.get(model)
            if named:
                return named.popleft() if len(named) > 1 else named[0]
            return self._queue.popleft() if self._queue else self.default

    # -- serving ---------------------------------------------------------------------------------------------------

    def application(self) -> web.Application:
        app = web.Application(client_max_size=_MOST, middlewares=[self._governed])
        for method, path, handler in (
            ("POST", "/v1/chat/completions", self._chat),
            ("POST", "/v1/completions", self._completion),
            ("POST", "/v1/responses", self._responses),
            ("POST", "/v1/responses/compact", self._compact),
            ("POST", "/v1/responses/input_tokens", self._input_tokens),
            ("POST", "/v1/embeddings", self._embeddings),
            ("POST", "/v1/moderations", self._moderations),
            ("GET", "/v1/models", self._list_models),
            ("GET", "/v1/models/{name:.+}", self._model),
            ("POST", "/v1/messages", self._messages),
            ("POST", "/v1/messages/count_tokens", self._count_tokens),
            *kept.Routes(Shelf(self._answer_of_batch), self._reply, self._script).table(),
        ):
            app.router.add_route(method, path, handler)
        return app

    def runner(self) -> web.AppRunner:
        return web.AppRunner(
            self.application(),
            handler_cancellation=True,  # so that a caller who goes away is noticed
            access_log=None,
            shutdown_timeout=0.1,
            max_line_size=_HEADERS,
            max_field_size=_HEADERS,
        )

    @web.middleware
    async def _governed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Remembers the request, demands the provider's own key, and turns what goes wrong into its own errors."""
        exchange = Exchange(await _received(request))
        self.exchanges.append(exchange)
        anthropic = sending.is_anthropic(request)
        try:
            if not self._authorised(request):
                failed = Failure(status=401, message="Incorrect API key provided.")
                return await sending.failure(request, failed, ECHO, anthropic=anthropic)
            try:
                return await handler(request)
            except BadRequestError as error:
                failed = Failure(status=400, message=str(error))
            except (KeyError, web.HTTPNotFound):
                failed = Failure(status=404, message=f"No such thing: {request.method} {request.path}")
            return await sending.failure(request, failed, ECHO, anthropic=anthropic)
        except BaseException:
            exchange.gone.set()  # cancelled by the caller's going away, or a write to nobody
            raise
        finally:
            exchange.done.set()

    def _authorised(self, request: web.Request) -> bool:
        """Every credential that is presented must be the provider's own: a pass's secret beside it is a leak."""
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        shown = [bearer.strip()] if scheme.lower() == "bearer" else [scheme] if scheme else []
        shown += request.headers.getall("x-api-key", [])
        return bool(shown) and all(hmac.compare_digest(self.key.encode(), key.encode()) for key in shown)

    # -- conversations ---------------------------------------------------------------------------------------------

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, asked.chat, chat.whole, chat.chunks)

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, asked.completion, chat.completion, chat.completion_chunks)

    async def _responses(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, asked.responses, responses.whole, responses.events)

    async def _compact(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, asked.responses, responses.compacted, responses.events)

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, self._read_messages, messages.whole, messages.events)

    def _read_messages(self, document: Document, size: int) -> Asked:
        return asked.messages(document, size, signing_key=self._signing_key)

    async def _converse(
        self,
        request: web.Request,
        read: Callable[[Document, int], Asked],
        whole: Callable[[Answer], dict[str, Any]],
        frames: Callable[[Answer], Any],
    ) -> web.StreamResponse:
        anthropic = sending.is_anthropic(request)
        body = await request.read()
        question = read(asked.document(body), len(body))
        script = self._script(question.model)
        if script.redirect:
            return web.Response(status=307, headers={"location": script.redirect, **script.headers})
        if script.failure is not None:
            return await sending.failure(request, script.failure, script, anthropic=anthropic)
        answer = self._answer(question, script)
        if question.stream:
            return await sending.events(request, frames(answer), script, anthropic=anthropic)
        return await sending.whole(request, whole(answer), script, anthropic=anthropic)

    def _answer(self, question: Asked, script: Script) -> Answer:
        return Answer(asked=question, script=script, created=int(time.time()), signing_key=self._signing_key)

    def _answer_of_batch(self, path: str, document: Document, size: int) -> dict[str, Any]:
        if path == "/v1/messages":
            question = self._read_messages(document, size)
            return messages.whole(self._answer(question, self._script(question.model)))
        if path == "/v1/chat/completions":
            question = asked.chat(document, size)
            return chat.whole(self._answer(question, self._script(question.model)))
        if path == "/v1/responses":
            question = asked.responses(document, size)
            return responses.whole(self._answer(question, self._script(question.model)))
        if path == "/v1/embeddings":
            return lists.embeddings(document, size)
        raise BadRequestError(f"{path} takes no batches")

    # -- everything else -------------------------------------------------------------------------------------------

    async def _reply(self, request: web.Request, document: dict[str, Any]) -> web.StreamResponse:
        """A document that is not the model's to make up; a script may still make it fail."""
        anthropic = sending.is_anthropic(request)
        script = self._script("")
        if script.redirect:
            return web.Response(status=307, headers={"location": script.redirect, **script.headers})
        if script.failure is not None:
            return await sending.failure(request, script.failure, script, anthropic=anthropic)
        return await sending.whole(request, {**document, **script.extra}, script, anthropic=anthropic)

    async def _input_tokens(self, request: web.Request) -> web.StreamResponse:
        counted = asked.responses(asked.document(await request.read()), request.content_length or 0).size
        return await self._reply(request, {"object": "response.input_tokens", "input_tokens": counted})

    async def _count_tokens(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return await self._reply(request, {"input_tokens": self._read_messages(asked.document(body), len(body)).size})

    async def _embeddings(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        return await self._reply(request, lists.embeddings(asked.document(body), len(body)))

    async def _moderations(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, lists.moderations(asked.document(await request.read())))

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        found = lists.anthropic_models() if sending.is_anthropic(request) else lists.openai_models()
        return await self._reply(request, found)

    async def _model(self, request: web.Request) -> web.StreamResponse:
        name, anthropic = request.match_info["name"], sending.is_anthropic(request)
        if name not in (lists.ANTHROPIC_MODELS if anthropic else lists.OPENAI_MODELS):
            raise KeyError(name)
        return await self._reply(request, lists.anthropic_model(name) if anthropic else lists.openai_model(name))


async def _received(request: web.Request) -> Received:
    headers = tuple((k.decode("latin-1"), v.decode("utf-8", "surrogateescape")) for k, v in request.raw_headers)
    return Received(
        method=request.method,
        path=request.path,
        query=request.query_string,
        headers=headers,
        body=await request.read(),
    )
