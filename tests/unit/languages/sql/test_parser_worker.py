import io
import resource
import sys

import pytest

from passgate.languages.sql import parser_worker
from passgate.languages.sql.libpg_query import load
from passgate.languages.sql.parser_worker import HEADER, main, serve


def exchange(*requests: bytes) -> list[bytes]:
    data = b"".join(HEADER.pack(len(request)) + request for request in requests)
    answers = io.BytesIO()
    serve(io.BytesIO(data), answers, load())
    raw, found = answers.getvalue(), []
    while raw:
        length = HEADER.unpack(raw[:4])[0]
        found.append(raw[4 : 4 + length])
        raw = raw[4 + length :]
    return found


def test_each_request_has_one_answer_in_order() -> None:
    parsed, fingerprint, failed = exchange(b"PSELECT 1", b"FSELECT 1", b"PSELEC 1")
    assert parsed == b"+" + load().parse(b"SELECT 1")
    assert fingerprint == b"+" + load().fingerprint(b"SELECT 1").encode()
    assert failed[:1] == b"-"
    assert HEADER.unpack(failed[1:5])[0] == 1
    assert b"syntax error" in failed[5:]


def test_a_broken_off_request_ends_it() -> None:
    answers = io.BytesIO()
    serve(io.BytesIO(b"\0\0"), answers, load())
    assert answers.getvalue() == b""


def test_main_bounds_its_memory_and_writes_no_core(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: dict[int, tuple[int, int]] = {}
    served: list[object] = []

    class Standard:
        buffer = io.BytesIO()

    monkeypatch.setattr(parser_worker.resource, "setrlimit", limits.__setitem__)
    monkeypatch.setattr(parser_worker, "serve", lambda *arguments: served.append(arguments))
    monkeypatch.setattr(sys, "stdin", Standard)
    monkeypatch.setattr(sys, "stdout", Standard)
    main()
    assert limits == {resource.RLIMIT_AS: (1 << 30, 1 << 30), resource.RLIMIT_CORE: (0, 0)}
    assert len(served) == 1
