"""``python -m passgate.testing.llm_provider``: the stand-in as a process of its own, until it is told to end."""

import argparse
import asyncio
import json
import os
import signal
import sys

import uvloop

from passgate.testing.llm_provider.running import serve
from passgate.testing.llm_provider.script import Cut, Script, Text
from passgate.testing.llm_provider.server import Provider

KEY = "PASSGATE_STAND_IN_KEY"
"""The environment variable that holds the credential to demand; a new one is made up without it."""


def main() -> int:
    arguments = _parse()
    parts = (Text(text=arguments.answer),) if arguments.answer else ()
    default = Script(parts=parts, delta=Cut(size=arguments.cut), pace=arguments.pace)
    uvloop.run(_serve(Provider(key=os.environ.get(KEY, ""), default=default), arguments.port, as_json=arguments.json))
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m passgate.testing.llm_provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--json", action="store_true", help="say where it listens, and its key, as one line of JSON")
    parser.add_argument("--answer", default="", help="answer this instead of the caller's own last text")
    parser.add_argument("--cut", type=int, default=8, help="characters in each delta of a stream")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between frames of a stream")
    return parser.parse_args()


async def _serve(provider: Provider, port: int, *, as_json: bool) -> None:
    runner = provider.runner()
    bound = await serve(runner, port)
    url = f"http://127.0.0.1:{bound}"
    said = json.dumps({"url": url, "port": bound, "key": provider.key}) if as_json else f"{url} key {provider.key}"
    sys.stdout.write(said + "\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wish, ended.set)
    await ended.wait()
    await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
