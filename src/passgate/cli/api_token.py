"""Where the command line finds the access token for a gate's control API: the environment, or the file that a sign-in leaves.

The file is one JSON object, the gate's origin -> its token, open to its owner only.
"""

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import orjson

from passgate.core.errors import SignInError

VARIABLE = "PASSGATE_TOKEN"
FILE = "api-token.json"


def token_file() -> Path:
    """In the user's own configuration folder: ``~/.config/passgate`` on Linux, or below ``XDG_CONFIG_HOME``."""
    import platformdirs

    return platformdirs.user_config_path("passgate") / FILE


def api_token(gate: str, *, environment: Mapping[str, str] = os.environ, path: Path | None = None) -> str:
    """For the gate at this origin. Raises SignInError, which says where a token would be looked for."""
    given = environment.get(VARIABLE, "")
    if given:
        return given.strip()
    path = token_file() if path is None else path
    found = _kept(path).get(gate)
    if not isinstance(found, str) or not found:
        raise SignInError(
            f"There is no token for {gate}: `passgate remote --gate {gate} login`, or set {VARIABLE} (looked into {path})"
        )
    return found


def keep_api_token(gate: str, token: str, *, path: Path | None = None) -> Path:
    """Beside those of other gates; says where. Raises SignInError."""
    path = token_file() if path is None else path
    body = orjson.dumps({**_kept(path), gate: token})
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, written = tempfile.mkstemp(dir=path.parent, prefix=FILE)  # open to its owner only
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
        Path(written).replace(path)
    except OSError as error:
        raise SignInError(f"The token cannot be kept in {path}: {error.strerror}") from error
    return path


def _kept(path: Path) -> Mapping[str, object]:
    """Raises SignInError for a file that others may read, or that is none of ours."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SignInError(f"Others may read the tokens in {path}: chmod 600 {path}, and sign in anew")
            body = orjson.loads(file.read())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SignInError(f"The tokens in {path} cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise SignInError(f"{path} is not what a sign-in leaves: remove it, and sign in anew") from error
    if not isinstance(body, dict):
        raise SignInError(f"{path} is not what a sign-in leaves: remove it, and sign in anew")
    return body
