"""Forms as clients send them."""

from collections.abc import Iterable, Sequence

BOUNDARY = "----b0undary.7"
CONTENT_TYPE = f'multipart/form-data; boundary="{BOUNDARY}"'


def field(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file(data: bytes, filename: str = "batch.jsonl", name: str = "file") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + data


def form(*parts: bytes) -> bytes:
    delimiter = f"--{BOUNDARY}\r\n".encode()
    return b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


def cut(data: bytes, sizes: Sequence[int]) -> Iterable[bytes]:
    """Pieces of the sizes, over and over; of one piece where there are no sizes."""
    at = number = 0
    while at < len(data):
        size = sizes[number % len(sizes)] if sizes else len(data)
        yield data[at : at + size]
        at += size
        number += 1
