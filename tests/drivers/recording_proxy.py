"""Carries bytes between a client and a server and remembers both directions."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class RecordingProxy:
    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]

    @classmethod
    @contextmanager
    def to(cls, port: int) -> Iterator["RecordingProxy"]:
        proxy = cls(port)
        accepting = threading.Thread(target=proxy._accept)
        accepting.start()
        try:
            yield proxy
        finally:
            proxy._listener.shutdown(socket.SHUT_RDWR)
            proxy._listener.close()
            accepting.join()
            for thread in proxy._threads:
                thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            for one, other in ((client, server), (server, client)):
                thread = threading.Thread(target=self._carry, args=(one, other))
                thread.start()
                self._threads.append(thread)

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        """Each thread closes what it reads from, so both end once either side has."""
        with one:
            try:
                while data := one.recv(65536):
                    self.seen += data
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)
            except OSError:
                return
