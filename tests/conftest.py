"""What several test modules share."""

import pytest

from detector import Detector


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The default model, loaded once."""
    return Detector.load()
