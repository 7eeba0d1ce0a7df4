"""What several test modules need."""

import pytest

from detector import Detector


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The package's default model at its default operating point, loaded once."""
    return Detector.load()
