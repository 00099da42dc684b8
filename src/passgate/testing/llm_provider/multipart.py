"""A multipart form of a known whole body (RFC 7578), its parts byte for byte."""

from dataclasses import dataclass
from email.message import Message

from passgate.testing.llm_provider.asked import BadRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPart:
    name: str
    filename: str
    data: bytes


def parse(content_type: str, body: bytes) -> dict[str, FormPart]:
    """The parts by name. Raises BadRequestError."""
    boundary = _parameter("content-type", content_type, "boundary")
    if not boundary:
        raise BadRequestError("the form has no boundary")
    first, *sections = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if first or not sections or not sections[-1].startswith(b"--"):
        raise BadRequestError("the form is not whole")
    parts = [_part(section) for section in sections[:-1]]
    return {part.name: part for part in parts}


def _part(section: bytes) -> FormPart:
    head, separator, data = section.partition(b"\r\n\r\n")
    if not separator:
        raise BadRequestError("a part has no head")
    disposition = ""
    for line in head.decode().splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            disposition = value.strip()
    name = _parameter("content-disposition", disposition, "name")
    if not name:
        raise BadRequestError("a part has no name")
    return FormPart(name=name, filename=_parameter("content-disposition", disposition, "filename"), data=data)


def _parameter(header: str, value: str, name: str) -> str:
    message = Message()
    message[header] = value
    return str(message.get_param(name, "", header=header))
