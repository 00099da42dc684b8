"""The operations on one kind of resource: users, or groups (RFC 7644, section 3)."""

from collections.abc import Mapping, Sequence
from typing import Generic

import orjson
from aiohttp import web

from passgate.codecs.scim.answers import MAX_RESULTS, listing
from passgate.codecs.scim.patch import patched, read_operations
from passgate.codecs.scim.paths import Condition, read_filter
from passgate.codecs.scim.problem import ScimError, invalid_filter, invalid_syntax, invalid_value, uniqueness
from passgate.codecs.scim.resources import Kind, location, read_resource, version_of, written
from passgate.codecs.scim.schema import Document, Json
from passgate.core.directory import Content, Entry
from passgate.core.errors import NameTakenError, UnknownMemberError
from passgate.endpoints.bounded_body import read_bounded
from passgate.pipeline.directory import Match, Shelf

MAX_BODY = 4 * 2**20
_TRIES = 5
"""Directories send changes of one group side by side; another process may take them in between."""

_TYPES = frozenset({"application/scim+json", "application/json"})
_ALWAYS = frozenset({"schemas", "id"})


class ResourceRoutes(Generic[Content]):
    """``attributes``: what may be filtered by, in small letters, and what the shelf calls it."""

    def __init__(self, *, kind: Kind[Content], shelf: Shelf[Content], attributes: Mapping[str, str]) -> None:
        self._kind = kind
        self._shelf = shelf
        self._attributes = attributes

    async def serve(self, request: web.BaseRequest, entry_id: str | None, base: str) -> web.Response:
        """Raises ScimError, StoreError, LedgerUnavailableError."""
        try:
            return await (self._all(request, base) if entry_id is None else self._one(request, entry_id, base))
        except NameTakenError as error:
            raise uniqueness(str(error)) from error
        except UnknownMemberError as error:
            raise invalid_value(str(error)) from error

    async def _all(self, request: web.BaseRequest, base: str) -> web.Response:
        if request.method == "GET":
            return self._list(request, base)
        if request.method != "POST":
            raise ScimError(405, "GET or POST")
        entry = await self._shelf.add(read_resource(await _document(request), self._kind, None))
        headers = {"Location": location(entry, self._kind, base)}
        return self._shown(request, entry, base, status=201, headers=headers)

    async def _one(self, request: web.BaseRequest, entry_id: str, base: str) -> web.Response:
        if request.method not in ("GET", "PUT", "PATCH", "DELETE"):
            raise ScimError(405, "GET, PUT, PATCH or DELETE")
        entry = self._entry(entry_id)
        if request.method == "GET":
            if _names(request, "If-None-Match", entry):
                return web.Response(status=304, headers={"ETag": version_of(entry)})
            return self._shown(request, entry, base)
        body = {} if request.method == "DELETE" else await _document(request)
        for _ in range(_TRIES):
            if "If-Match" in request.headers and not _names(request, "If-Match", entry):
                raise ScimError(412, "it was changed meanwhile: read it again")
            if request.method == "DELETE":
                if await self._shelf.remove(entry):
                    return web.Response(status=204)
            else:
                changed = await self._shelf.replace(entry, self._changed(request.method, entry, body))
                if changed is not None:
                    return self._answer(request, changed, base)
            entry = self._entry(entry_id)
        raise ScimError(409, "it is being changed by others all the time: try again")

    def _changed(self, method: str, entry: Entry[Content], body: Document) -> Content:
        old = entry.content
        if method == "PUT":
            return read_resource(body, self._kind, old)
        document = patched(self._kind.write(old), read_operations(body), self._kind.schema)
        return self._kind.read(document, old)

    def _answer(self, request: web.BaseRequest, entry: Entry[Content], base: str) -> web.Response:
        """A group of thousands is not sent back for each member that joins it (section 3.5.2: 200 or 204)."""
        if request.method == "PATCH" and self._kind.schema.name == "Group" and "attributes" not in request.query:
            return web.Response(status=204, headers={"ETag": version_of(entry)})
        return self._shown(request, entry, base)

    def _entry(self, entry_id: str) -> Entry[Content]:
        entry = self._shelf.find(entry_id)
        if entry is None:
            raise ScimError(404, f"there is no {self._kind.schema.name} {entry_id[:60]}")
        return entry

    def _list(self, request: web.BaseRequest, base: str) -> web.Response:
        start = max(_number(request, "startIndex", 1), 1)
        count = min(max(_number(request, "count", MAX_RESULTS), 0), MAX_RESULTS)
        text = request.query.get("filter", "")
        matches = [self._match(condition) for condition in read_filter(text)] if text else []
        page = self._shelf.page(matches, start=start - 1, count=count)
        shown = [_reduced(request, written(entry, self._kind, base)) for entry in page.entries]
        return scim_json(200, listing(shown, total=page.total, start=start))

    def _match(self, condition: Condition) -> Match:
        name = self._kind.schema.local(condition.name)
        attribute = self._attributes.get(name.lower())
        if attribute is None:
            known = ", ".join(sorted(self._attributes))
            raise invalid_filter(f"{name[:60]!r} cannot be filtered by; what can be: {known}")
        if not isinstance(condition.value, str):
            raise invalid_filter(f"{name} is compared with a text")
        return Match(attribute=attribute, value=condition.value)

    def _shown(
        self,
        request: web.BaseRequest,
        entry: Entry[Content],
        base: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        answer = _reduced(request, written(entry, self._kind, base))
        return scim_json(status, answer, {"ETag": version_of(entry), **(headers or {})})


def scim_json(status: int, body: Mapping[str, Json], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/scim+json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


async def _document(request: web.BaseRequest) -> Document:
    if request.content_type not in _TYPES:
        raise ScimError(415, "send application/scim+json")
    body = await read_bounded(request, MAX_BODY)
    if body is None:
        raise ScimError(413, f"a request has at most {MAX_BODY} bytes")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid_syntax("the body is not JSON") from error
    if not isinstance(document, dict):
        raise invalid_syntax("the body is not an object")
    return document


def _number(request: web.BaseRequest, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 9):
        raise invalid_value(f"{name} is a number")
    return int(text)


def _names(request: web.BaseRequest, header: str, entry: Entry[Content]) -> bool:
    """Weak comparison (RFC 9110, section 8.8.3.2): the only sort of version there is."""
    wanted = [one.strip() for one in ",".join(request.headers.getall(header, [])).split(",")]
    strong = version_of(entry).removeprefix("W/")
    return "*" in wanted or any(one.removeprefix("W/") == strong for one in wanted)


def _reduced(request: web.BaseRequest, resource: dict[str, Json]) -> dict[str, Json]:
    """``attributes`` and ``excludedAttributes`` (section 3.9), by whole attributes."""
    wanted, unwanted = _listed(request, "attributes"), _listed(request, "excludedAttributes")
    return {
        name: value
        for name, value in resource.items()
        if name in _ALWAYS or ((not wanted or name.lower() in wanted) and name.lower() not in unwanted)
    }


def _listed(request: web.BaseRequest, name: str) -> frozenset[str]:
    listed: Sequence[str] = request.query.get(name, "").split(",")
    return frozenset(one.strip().rpartition(":")[2].partition(".")[0].lower() for one in listed if one.strip())
