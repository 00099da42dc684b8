"""LiteLLM and Portkey's gateway as others would run them, each installed into a folder of its own below ``.venv/peers``.

Only with PEERS=1: the installation takes minutes and hundreds of megabytes, and nothing of it is a dependency of the project.
LiteLLM masks e-mails both ways with its own filter; Portkey passes everything through.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from passgate.testing.postgres import free_port
from tests.bench.llm.processes import PROXY_CORE, Way, pinned

_FOLDER = Path(__file__).parents[3] / ".venv" / "peers"
_LITELLM = "litellm[proxy]==1.109.0"
_PORTKEY = """\
{"private": true, "dependencies": {"@portkey-ai/gateway": "1.15.2"},
 "overrides": {"hono": "4.9.7", "@hono/node-server": "1.13.5"}}
"""
"""With the versions of its own lock file: with newer ones its streams fail."""

_CONFIG = """\
model_list:
- model_name: gpt-5.2
  litellm_params: {{model: openai/gpt-5.2, api_base: 'http://127.0.0.1:{port}/v1', api_key: none}}
guardrails:
- guardrail_name: filter
  litellm_params:
    guardrail: litellm_content_filter
    mode: [pre_call, post_call]
    default_on: true
    patterns: [{{pattern_type: prebuilt, pattern_name: email, action: MASK}}]
"""
_START_SECONDS = 120


def start(stack: ExitStack, folder: Path, upstream: int) -> list[Way]:
    """Every peer that can be installed and comes up here; of the others it is said why not."""
    ways = []
    for name, peer in (("LiteLLM", _litellm), ("Portkey", _portkey)):
        try:
            ways.append(stack.enter_context(peer(folder, upstream)))
        except (subprocess.CalledProcessError, OSError, RuntimeError) as error:
            print(f"{name} is not measured: {error}", file=sys.stderr, flush=True)
    return ways


@contextmanager
def _litellm(folder: Path, upstream: int) -> Iterator[Way]:
    home = _FOLDER / "litellm"
    if not (home / "bin" / "litellm").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([str(home / "bin" / "python"), "-m", "pip", "install", "-q", _LITELLM], check=True)
    config = folder / "litellm.yaml"
    config.write_text(_CONFIG.format(port=upstream))
    key, port = f"sk-{secrets.token_hex(24)}", free_port()
    command = [str(home / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, port, folder / "litellm.log", {"LITELLM_MASTER_KEY": key}) as pid:
        yield Way(name="LiteLLM", port=port, pid=pid, key=key)


@contextmanager
def _portkey(folder: Path, upstream: int) -> Iterator[Way]:
    home = _FOLDER / "portkey"
    program = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text(_PORTKEY)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=home, check=True)
    port = free_port()
    node = shutil.which("node") or "node"
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream}/v1"}
    with _running([node, str(program), f"--port={port}", "--headless"], port, folder / "portkey.log", {}) as pid:
        yield Way(name="Portkey", port=port, pid=pid, headers=headers)


@contextmanager
def _running(command: Sequence[str], port: int, log: Path, environment: dict[str, str]) -> Iterator[int]:
    with log.open("wb") as output, pinned(PROXY_CORE):
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**os.environ, **environment}
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(_START_SECONDS * 10):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            return
    raise RuntimeError(f"a peer did not come up:\n{log.read_text(errors='replace')[-2000:]}")
