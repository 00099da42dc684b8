"""A gate that masks everything both ways and restores nothing, and every place where a value could have come out of it."""

import http.client
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from passgate.testing import GateSetup, IssuedPass, RunningGate
from passgate.testing.gate import LlmUpstream
from passgate.testing.llm_provider import Provider, RunningProvider
from tests.drivers.llm.plants import Plant, found

RULES = """\
rules:
- id: use
  when: "resource.kind == 'llm' && !(verb in ['disclose', 'reveal', 'restore'])"
  then: allow
  incomplete: allow
  match: [{resource.kind: llm, verb: generate}]
  not_match: [{resource.kind: llm, verb: disclose}]
- id: out
  when: "resource.kind == 'llm' && verb == 'disclose'"
  then: [allow, {mask: {strategy: redact}}]
  incomplete: allow
  match: [{resource.kind: llm, verb: disclose}]
  not_match: [{resource.kind: llm, verb: reveal}]
- id: back
  when: "resource.kind == 'llm' && verb == 'reveal'"
  then: [allow, {mask: {strategy: redact}}]
  incomplete: allow
  match: [{resource.kind: llm, verb: reveal}]
  not_match: [{resource.kind: llm, verb: disclose}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    status: int
    head: bytes
    body: bytes


@dataclass(slots=True)
class Caller:
    """One connection by one pass. Everything that it hears is kept."""

    gate: RunningGate
    provider: Provider
    issued: IssuedPass
    heard: list[Heard] = field(default_factory=list)
    _connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Heard:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.gate.http_port, timeout=60)
        dialect = {"anthropic-version": "2023-06-01"} if path.startswith("/v1/messages") else {}
        sent = {"content-type": "application/json", "authorization": f"Bearer {self.issued.key}", **dialect, **headers}
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            body, whole = _read(answer)
        except (http.client.HTTPException, ConnectionError):
            self._connection.close()
            raise
        if answer.will_close or not whole:
            self._connection.close()  # the next request opens it anew
        head = "\n".join(f"{name}: {value}" for name, value in answer.getheaders()).encode()
        heard = Heard(status=answer.status, head=head, body=body)
        self.heard.append(heard)
        return heard

    def post(self, path: str, document: object, **headers: str) -> Heard:
        return self.ask("POST", path, json.dumps(document, ensure_ascii=False).encode(), **headers)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _read(answer: http.client.HTTPResponse) -> tuple[bytes, bool]:
    """What came, also of an answer that the gate broke off, and whether that was all."""
    try:
        return answer.read(), True
    except http.client.IncompleteRead as broken:
        return broken.partial, False


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaky:
    """``issued``: one pass for all, so that looking at what was kept is done once, when everything is over."""

    gate: RunningGate
    provider: Provider
    issued: IssuedPass

    @contextmanager
    def caller(self) -> Iterator[Caller]:
        caller = Caller(self.gate, self.provider, self.issued)
        try:
            yield caller
        finally:
            caller.close()

    def upstream(self) -> bytes:
        """Everything that reached the provider."""
        return b"\n".join(received.raw for received in self.provider.received)

    def assert_nothing_shows(self, caller: Caller, plants: Sequence[Plant]) -> None:
        """Not at the provider, not at the caller."""
        upstream = self.upstream()
        assert found(plants, upstream) == [], "at the provider"
        assert self.issued.secret.encode() not in upstream, "the pass's secret at the provider"
        for heard in caller.heard:
            assert found(plants, heard.head + b"\n\n" + heard.body) == [], f"at the caller: {heard.body[:2000]!r}"

    def assert_nothing_is_kept(self, plants: Sequence[Plant]) -> None:
        """Not in the log, not on disk, not in what the recordings say when they are opened."""
        for place, data in self._kept().items():
            assert found(plants, data) == [], f"in {place}"
            assert self.issued.secret.encode() not in data, f"the pass's secret in {place}"
            assert self.provider.key.encode() not in data, f"the provider's key in {place}"

    def _kept(self) -> dict[str, bytes]:
        self.gate.cli("pass", "revoke", self.issued.id)
        sessions = self._ended()
        places = {
            str(path.relative_to(self.gate.directory)): path.read_bytes()
            for path in self.gate.directory.rglob("*")
            if path.is_file() and "secrets" not in path.relative_to(self.gate.directory).parts
        }
        places["ledger export"] = self.gate.cli("ledger", "export").encode()
        for session in sessions:
            places[f"replay of {session}"] = self.gate.cli("sessions", "replay", session, "--json").encode()
        return places

    def _ended(self) -> Sequence[str]:
        """The pass's sessions; returns when each has its last event."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            events = [json.loads(line) for line in self.gate.cli("ledger", "export").splitlines()]
            mine = [e for e in events if e.get("pass", {}).get("id") == self.issued.id and e.get("session")]
            begun = {event["session"] for event in mine}
            if begun == {event["session"] for event in mine if event["type"] == "session.end"}:
                return sorted(begun)
        raise AssertionError("the sessions of a revoked pass did not end")


@contextmanager
def leaky_gate(running: RunningProvider, directory: Path) -> Iterator[Leaky]:
    models = tuple(
        LlmUpstream(name=f"{dialect}-models", provider=dialect, url=running.url, credential=running.provider.key)
        for dialect in ("openai", "anthropic")
    )
    setup = GateSetup(packs=(), bundle=RULES, models=models)
    with RunningGate.start(directory, None, setup) as gate:
        issued = gate.issue(resources=("openai-models", "anthropic-models"), ttl="1h")
        yield Leaky(gate=gate, provider=running.provider, issued=issued)
