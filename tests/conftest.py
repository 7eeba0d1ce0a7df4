"""What several test modules need."""

import os

import pytest
from hypothesis import settings

from detector import Detector

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("fuzz", max_examples=2000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The package's default model at its default operating point, loaded once."""
    return Detector.load()
