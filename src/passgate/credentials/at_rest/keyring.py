"""The data keys of a state folder: kept wrapped under one master key, or under two while they pass from one to the other."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.data_key import KEY_BYTES, DataKey, sealed_by
from passgate.credentials.at_rest.durable_file import replace_durably
from passgate.credentials.at_rest.master_key import MasterKey

_VERSION = 1


class WrappedKey(BaseModel):
    """One data key. ``wrapped``: by the id of the master key, base64."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    wrapped: Annotated[Mapping[str, str], Field(min_length=1)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    version: Annotated[int, Field(ge=_VERSION, le=_VERSION)]
    keys: Annotated[list[WrappedKey], Field(min_length=1, max_length=2)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringFile:
    """The last key is the one to seal with; one before it is being replaced."""

    path: Path

    def read(self) -> tuple[WrappedKey, ...] | None:
        """None where there is none: the folder is not encrypted. Raises MasterKeyError."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MasterKeyError(f"The keyring {self.path} cannot be read: {error.strerror}") from error
        try:
            return tuple(_Document.model_validate_json(content).keys)
        except ValidationError:
            raise MasterKeyError(f"The keyring {self.path} is damaged: put it back from a backup") from None

    def write(self, keys: Sequence[WrappedKey]) -> None:
        """Raises MasterKeyError."""
        document = {"version": _VERSION, "keys": [key.model_dump() for key in keys]}
        try:
            replace_durably(self.path, json.dumps(document, indent=2).encode() + b"\n")
        except OSError as error:
            raise MasterKeyError(f"The keyring {self.path} cannot be written: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Keyring:
    """Implements ``Sealing``. The last key seals."""

    keys: tuple[DataKey, ...]

    @property
    def current(self) -> DataKey:
        return self.keys[-1]

    def seal(self, plain: bytes, name: str) -> bytes:
        return self.current.seal(plain, name)

    def open(self, kept: bytes, name: str) -> bytes:
        """Raises MasterKeyError. What is not encrypted is refused: somebody may have put it there."""
        key_id = sealed_by(kept)
        if key_id is None:
            raise MasterKeyError(f"{name} is not encrypted, though the folder is: run `passgate secrets encrypt` again")
        for key in self.keys:
            if key.id == key_id:
                return key.open(kept, name)
        raise MasterKeyError(f"{name} is encrypted under the data key {key_id}, which is not in the keyring")


def wrap(key: DataKey, masters: Sequence[MasterKey]) -> WrappedKey:
    """Raises MasterKeyError."""
    wrapped = {master.id: base64.b64encode(master.wrap(key.reveal(), key.id)).decode() for master in masters}
    return WrappedKey(id=key.id, wrapped=wrapped)


def unlock(keys: Sequence[WrappedKey], master: MasterKey) -> Keyring:
    """Raises MasterKeyError where ``master`` is another than they are wrapped under."""
    return Keyring(tuple(_unwrapped(key, master) for key in keys))


def opens(keys: Sequence[WrappedKey], master: MasterKey) -> bool:
    """Whether they say that ``master`` opens them."""
    return all(_text(key, master) is not None for key in keys)


def _text(key: WrappedKey, master: MasterKey) -> str | None:
    if master.id in key.wrapped:
        return key.wrapped[master.id]
    # A command may have moved; whether it is the same key shows when it unwraps.
    commands = [text for name, text in key.wrapped.items() if name.startswith("command-")]
    return commands[0] if master.id.startswith("command-") and len(commands) == 1 else None


def _unwrapped(key: WrappedKey, master: MasterKey) -> DataKey:
    text = _text(key, master)
    if text is None:
        names = " or ".join(sorted(key.wrapped))
        raise MasterKeyError(
            f"The secrets of the state folder are encrypted under the master key {names}, and `master_key` is {master.id}: "
            "nothing was changed; set the right one"
        )
    try:
        plain = master.unwrap(base64.b64decode(text, validate=True), key.id)
    except ValueError:  # not base64, or not even ASCII
        plain = b""
    if len(plain) != KEY_BYTES or (found := DataKey(plain)).id != key.id:
        raise MasterKeyError(f"The master key {master.id} does not unwrap the data key {key.id}: is it the right one?")
    return found
