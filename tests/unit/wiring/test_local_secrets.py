from pathlib import Path

import pytest

from passgate.config.secret_sources import Credential
from passgate.core.errors import ConfigError
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential
from passgate.wiring.local_secrets import local_secret


def test_a_secret_is_found_where_the_settings_say(tmp_path: Path) -> None:
    assert isinstance(local_secret(Credential(env="KEY")), EnvironmentCredential)
    assert isinstance(local_secret(Credential(file=tmp_path / "x")), FileCredential)
    assert isinstance(local_secret(Credential(command=("true",))), RememberedCredential)
    with pytest.raises(ConfigError):
        local_secret(Credential.model_construct())
