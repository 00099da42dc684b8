"""A principal as JSON and back. What cannot be read back exactly is an error, not a guess."""

from collections.abc import Mapping

from passgate.core.errors import StoreError
from passgate.core.principal import Principal, PrincipalKind

Json = str | list["Json"] | dict[str, "Json"] | None


def principal_to_json(principal: Principal) -> dict[str, Json]:
    behalf = principal.on_behalf_of
    return {
        "kind": principal.kind.value,
        "subject": principal.subject,
        "groups": list[Json](sorted(principal.groups)),
        "on_behalf_of": None if behalf is None else principal_to_json(behalf),
        "claims": dict[str, Json](sorted(principal.claims.items())),
    }


def principal_from_json(value: object) -> Principal:
    """Raises StoreError."""
    try:
        return _read(value)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"A stored principal cannot be read: {type(error).__name__}") from error


def _read(value: object) -> Principal:
    if not isinstance(value, Mapping):
        raise TypeError("not a mapping")
    behalf = value["on_behalf_of"]
    return Principal(
        kind=PrincipalKind(value["kind"]),
        subject=_text(value["subject"]),
        groups=frozenset(_text(group) for group in value["groups"]),
        on_behalf_of=None if behalf is None else _read(behalf),
        claims={_text(name): _text(claim) for name, claim in value["claims"].items()},
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
