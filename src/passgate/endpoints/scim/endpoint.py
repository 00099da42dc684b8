"""SCIM on the HTTP listener, under /scim/v2."""

import contextlib
import logging
from urllib.parse import unquote

from aiohttp import web

from passgate.codecs.scim import answers
from passgate.codecs.scim.problem import ScimError
from passgate.codecs.scim.resources import GROUPS, USERS
from passgate.core.directory import Group, User
from passgate.core.errors import LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType, Json
from passgate.endpoints.scim.admission import Admission
from passgate.endpoints.scim.resource import ResourceRoutes, scim_json
from passgate.pipeline.directory import Shelf
from passgate.pipeline.protocols import Recorder

SCIM_PATH = "/scim/v2"

_LOG = logging.getLogger(__name__)

_USER_FILTERS = {"id": "id", "username": "name", "externalid": "external_id", "displayname": "display_name"}
_GROUP_FILTERS = {"id": "id", "displayname": "name", "externalid": "external_id"}


class ScimEndpoint:
    def __init__(self, *, admission: Admission, users: Shelf[User], groups: Shelf[Group], recorder: Recorder) -> None:
        self._admission = admission
        self._users = ResourceRoutes(kind=USERS, shelf=users, attributes=_USER_FILTERS)
        self._groups = ResourceRoutes(kind=GROUPS, shelf=groups, attributes=_GROUP_FILTERS)
        self._recorder = recorder

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        path = request.rel_url.raw_path
        if path != SCIM_PATH and not path.startswith(SCIM_PATH + "/"):
            return None
        try:
            await self._admission.check(request)
        except ScimError as error:
            self._refused(error, request.remote or "")
            return _problem(error)
        try:
            parts = [unquote(part) for part in path.removeprefix(SCIM_PATH).strip("/").split("/")]
            return await self._served(request, parts)
        except ScimError as error:
            return _problem(error)
        except (StoreError, LedgerUnavailableError) as error:
            _LOG.error("the directory cannot be changed: %s", error)
            return _problem(ScimError(503, type(error).__doc__ or ""))

    async def _served(self, request: web.BaseRequest, parts: list[str]) -> web.Response:
        base = f"{request.url.scheme}://{request.url.authority}{SCIM_PATH}"
        match parts:
            case ["Users", *rest] if len(rest) < 2:
                return await self._users.serve(request, rest[0] if rest else None, base)
            case ["Groups", *rest] if len(rest) < 2:
                return await self._groups.serve(request, rest[0] if rest else None, base)
            case ["Me"] | ["Bulk"]:
                raise ScimError(501, f"{parts[0]} is not supported")
            case ["ServiceProviderConfig" | "ResourceTypes" | "Schemas", *_] if request.method != "GET":
                raise ScimError(405, "GET: what this service can do is not changed by asking")
            case ["ServiceProviderConfig"]:
                return scim_json(200, answers.service_provider_config(base))
            case ["ResourceTypes", *rest]:
                return _described(answers.resource_types(base), rest)
            case ["Schemas", *rest]:
                return _described(answers.schemas(base), rest)
        raise ScimError(404, "there is Users, Groups, Schemas, ResourceTypes and ServiceProviderConfig")

    def _refused(self, error: ScimError, peer: str) -> None:
        detail: dict[str, Json] = {"peer": peer, "status": error.status, "reason": str(error)}
        with contextlib.suppress(LedgerUnavailableError):  # refused is refused
            self._recorder.append(Event(type=EventType.DIRECTORY_REFUSED, actor="scim", detail=detail))


def _described(all_of_them: list[answers.Answer], rest: list[str]) -> web.Response:
    if not rest:
        return scim_json(200, answers.listing(all_of_them, total=len(all_of_them), start=1))
    for one in all_of_them:
        if [one["id"]] == rest:
            return scim_json(200, one)
    raise ScimError(404, "there is nothing of this name")


def _problem(error: ScimError) -> web.Response:
    headers = {"WWW-Authenticate": 'Bearer realm="scim"'} if error.status == 401 else {}
    if error.status == 429:
        headers["Retry-After"] = "60"
    return scim_json(error.status, answers.error(error), headers)
