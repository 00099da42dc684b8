"""A secret in a file, as Docker, Kubernetes and systemd hand them in."""

import logging
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import MAX_BYTES, checked

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCredential:
    """The first line of ``path``. Read each time, so that a rotated file is followed.

    A file that everybody can read is refused; one that a group can read is only warned of, since that is how some systems mount it.
    ``mounted``: as Kubernetes mounts a pod's own token, for everybody in the container to read; only writing is refused then.
    """

    path: Path
    mounted: bool = False

    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""
        return self.read()

    def read(self) -> str:
        """Raises SecretUnavailableError."""
        where = f"The secret file {self.path}"
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                mode = os.fstat(descriptor).st_mode
                if not stat.S_ISREG(mode):
                    raise SecretUnavailableError(f"{where} is not a regular file")
                if mode & (stat.S_IWOTH if self.mounted else stat.S_IROTH | stat.S_IWOTH):
                    raise SecretUnavailableError(f"{where} is open to everybody: chmod 600 it")
                if not self.mounted and mode & (stat.S_IRGRP | stat.S_IWGRP):
                    _LOG.warning("the secret file %s is open to its group: chmod 600 it", self.path)
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    line = file.readline(MAX_BYTES + 2)
            finally:  # not by the file object: of a folder none can be made
                os.close(descriptor)
        except OSError as error:
            raise SecretUnavailableError(f"{where} cannot be read: {error.strerror}") from error
        try:
            return checked(line.decode().rstrip("\r\n"), where)
        except UnicodeDecodeError:
            raise SecretUnavailableError(f"{where} is not UTF-8 text") from None
