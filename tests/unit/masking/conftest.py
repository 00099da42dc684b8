from pathlib import Path

import pytest

from passgate.masking import Detector, open_detector


@pytest.fixture(scope="session")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    return open_detector(cache=Path(tmp_path_factory.mktemp("rules")), engine="vectorscan")


@pytest.fixture(scope="session")
def literal_detector() -> Detector:
    return open_detector(engine="literals")
