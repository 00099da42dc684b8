"""Bodies of requests: every coding, every bound."""

import asyncio
import gzip
import time
import zlib

import pytest
import zstandard
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.refusal import Cause
from passgate.core.errors import RemoteProtocolError
from passgate.endpoints.llm.bodies import decoded, whole
from passgate.endpoints.llm.refused import RefusedError

CODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor(level=3).compress,
}


def bare_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return coder.compress(data) + coder.flush()


class Connected(BaseProtocol):
    """A connection whose client is still there."""

    @property
    def connected(self) -> bool:
        return True


def request(*parts: bytes, ended: bool = True, **headers: str) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    payload = StreamReader(Connected(loop), 2**24, loop=loop)
    for part in parts:
        payload.feed_data(part)
    if ended:
        payload.feed_eof()
    return make_mocked_request(
        "POST", "/", headers={name.replace("_", "-"): value for name, value in headers.items()}, payload=payload
    )


async def refused(asked: web.BaseRequest, *, limit: int = 100, seconds: float = 5) -> Cause:
    with pytest.raises(RefusedError) as caught:
        await whole(asked, limit=limit, seconds=seconds)
    return caught.value.refusal.cause


@given(data=st.binary(max_size=3000), coding=st.sampled_from(sorted(CODERS)))
def test_what_was_coded_comes_back(data: bytes, coding: str) -> None:
    assert decoded(CODERS[coding](data), coding, 3000) == data


@given(data=st.binary(min_size=1, max_size=3000), coding=st.sampled_from(sorted(CODERS)), cut=st.integers(1, 50))
def test_a_part_of_it_is_never_taken_for_all(data: bytes, coding: str, cut: int) -> None:
    coded = CODERS[coding](data)
    with pytest.raises(RemoteProtocolError):
        decoded(coded[: -min(cut, len(coded))], coding, 3000)


@given(data=st.binary(max_size=300), coding=st.sampled_from(sorted(CODERS)))
def test_noise_is_refused_or_within_the_bound(data: bytes, coding: str) -> None:
    try:
        plain = decoded(data, coding, 50)
    except (RemoteProtocolError, OverflowError):
        return
    assert len(plain) <= 50


@pytest.mark.parametrize("coding", sorted(CODERS))
def test_a_small_body_that_becomes_a_large_one_is_stopped(coding: str) -> None:
    bomb = CODERS[coding](bytes(50_000_000))
    assert len(bomb) < 60_000
    with pytest.raises(OverflowError):
        decoded(bomb, coding, 1_000_000)
    assert len(decoded(bomb, coding, 50_000_000)) == 50_000_000


def test_members_and_frames_may_follow_one_another() -> None:
    assert decoded(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 100) == b"one two"
    zstd = CODERS["zstd"]
    assert decoded(zstd(b"one ") + zstd(b"two"), "zstd", 100) == b"one two"
    with pytest.raises(OverflowError):
        decoded(gzip.compress(b"x" * 60) * 2, "gzip", 100)
    with pytest.raises(RemoteProtocolError):
        decoded(gzip.compress(b"one") + b"junk", "gzip", 100)


def test_deflate_without_its_header_is_understood() -> None:
    assert decoded(bare_deflate(b"hello" * 10), "deflate", 100) == b"hello" * 10


def test_a_frame_that_wants_too_much_memory_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(RemoteProtocolError):
        decoded(coder.compress(b"x" * 1000) + coder.flush(), "zstd", 10_000)


async def test_a_plain_body_in_parts() -> None:
    assert await whole(request(b"one ", b"two"), limit=7, seconds=5) == b"one two"
    assert await whole(request(), limit=7, seconds=5) == b""
    assert await whole(request(b"one", Content_Encoding="identity"), limit=7, seconds=5) == b"one"


async def test_a_coded_body() -> None:
    assert await whole(request(gzip.compress(b"one"), Content_Encoding=" GZIP "), limit=100, seconds=5) == b"one"
    assert await whole(request(Content_Encoding="gzip"), limit=100, seconds=5) == b""
    large = bytes(range(256)) * 4000
    asked = request(zlib.compress(large, 0), Content_Encoding="deflate")
    assert await whole(asked, limit=2_000_000, seconds=5) == large


async def test_bounds_and_codings_that_are_not_known() -> None:
    assert await refused(request(b"x" * 60, b"x" * 60)) is Cause.TOO_LARGE
    assert await refused(request(b"", ended=False, Content_Length="101")) is Cause.TOO_LARGE
    assert await refused(request(gzip.compress(b"x" * 101), Content_Encoding="gzip")) is Cause.TOO_LARGE
    assert await refused(request(b"x", Content_Encoding="br")) is Cause.ENCODING
    assert await refused(request(b"x", Content_Encoding="gzip, gzip")) is Cause.ENCODING
    assert await refused(request(b"x", Content_Encoding="gzip")) is Cause.BAD_REQUEST


async def test_a_body_that_breaks_off_is_refused() -> None:
    asked = request(b"half", ended=False)
    asked.content.set_exception(web.RequestPayloadError("broken chunk"))
    assert await refused(asked) is Cause.BAD_REQUEST


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    assert await refused(request(b"half", ended=False), seconds=0.02) is Cause.BAD_REQUEST


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_body_of_countless_empty_members_is_no_work(coding: str) -> None:
    """Every member copied the rest of the body: thirty megabytes of them were ten minutes of work."""
    empty = CODERS[coding](b"")
    assert decoded(empty * 1000 + CODERS[coding](b"x"), coding, 100) == b"x"
    started = time.process_time()
    with pytest.raises(RemoteProtocolError, match="members"):
        decoded(empty * 400_000, coding, 100)
    assert time.process_time() - started < 20


def test_members_that_meet_at_any_place() -> None:
    members = [bytes([n % 251]) * (n * 7) for n in range(300)]
    assert decoded(b"".join(gzip.compress(one, 0) for one in members), "gzip", 10**6) == b"".join(members)
