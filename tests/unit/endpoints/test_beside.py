from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from passgate.endpoints.beside import first_of


def on(path: str, status: int):
    async def serve(request):
        return web.Response(status=status) if request.path == path else None

    return serve


def test_where_nobody_is_there_is_nobody_to_ask():
    assert first_of([]) is None


async def test_the_first_that_answers_answers():
    serve = first_of([on("/a", 201), on("/b", 202), on("/a", 203)])

    answers = [await serve(make_mocked_request("GET", path)) for path in ("/a", "/b", "/c")]

    assert [answer and answer.status for answer in answers] == [201, 202, None]
