"""Opens what is encrypted in the state folder once a command needs it: most do not, and then no master key need be there."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from passgate.cli.options import settings_from, state_folder_from
from passgate.pipeline.sealing import UNSEALED

if TYPE_CHECKING:
    from passgate.config.state_folder import StateFolder
    from passgate.pipeline.sealing import Sealing


class OpenedWhenNeeded:
    """Implements ``Sealing``. ``config`` and ``state``: the command's own options."""

    def __init__(self, config: Path, state: Path | None) -> None:
        self._config = config
        self._state = state
        self._opened: Sealing | None = None
        self._held = ExitStack()

    def seal(self, plain: bytes, name: str) -> bytes:
        """Raises MasterKeyError, ConfigError."""
        return self._sealing().seal(plain, name)

    def open(self, kept: bytes, name: str) -> bytes:
        """Raises MasterKeyError, ConfigError."""
        return self._sealing().open(kept, name)

    def _sealing(self) -> "Sealing":
        if self._opened is None:
            folder = state_folder_from(self._config, self._state)
            self._hold(folder)
            if folder.keyring.exists():
                from passgate.wiring.sealing import open_sealing

                self._opened = open_sealing(settings_from(self._config, self._state))
            else:
                self._opened = UNSEALED
        return self._opened

    def _hold(self, folder: "StateFolder") -> None:
        """Nobody encrypts the secrets anew from now until the command ends: what it makes itself would be sealed under a key
        that is gone by then. Raises MasterKeyError while somebody does."""
        from passgate.wiring.sealing import in_use

        if os.access(folder.path, os.W_OK):  # on a copy that cannot be written nothing is made
            self._held.enter_context(in_use(folder))
