"""Fixtures and settings for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("imuhip", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("imuhip")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real recordings beside the checkout, or skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real recordings (../shared/data) is not beside this checkout")
    return SHARED_DATA
