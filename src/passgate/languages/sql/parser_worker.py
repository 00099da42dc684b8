"""Parses in a process of its own, so that a crash of the C parser costs one verdict and never the gate.

Run as ``python -m passgate.languages.sql.parser_worker``. Requests on standard input: length (4 bytes, big-endian), operation
(``P`` parse, ``F`` fingerprint), text. Answers on standard output: length, status (``+`` or ``-``), payload; a ``-`` payload is the
error's position (4 bytes) and message. End of input ends the process.
"""

import resource
import struct
import sys
from typing import BinaryIO

from passgate.languages.sql.libpg_query import GrammarError, LibPgQuery, load

HEADER = struct.Struct("!I")
MEMORY_BYTES = 1 << 30
"""Address space of the worker: a tree is up to 200 times its text."""


def serve(requests: BinaryIO, answers: BinaryIO, library: LibPgQuery) -> None:
    """Answer until the end of input."""
    while len(head := requests.read(HEADER.size)) == HEADER.size:
        request = requests.read(HEADER.unpack(head)[0])
        operation, text = request[:1], request[1:]
        try:
            payload = b"+" + (library.parse(text) if operation == b"P" else library.fingerprint(text).encode("ascii"))
        except GrammarError as error:
            payload = b"-" + HEADER.pack(error.position) + str(error).encode()
        answers.write(HEADER.pack(len(payload)) + payload)
        answers.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.stdin.buffer, sys.stdout.buffer, load())


if __name__ == "__main__":
    main()
