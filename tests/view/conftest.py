# SPDX-License-Identifier: MIT
"""What the tests of boxcast and boxview stand on: a foreign compositor, a generated window, a relay
between the two programs, and waiting for events."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import evidence  # noqa: E402  (the path comes first)
from evidence import artefacts, program, pytest_runtest_makereport  # noqa: E402, F401
from view.rig import Rig  # noqa: E402  (the path comes first)

if "tests/view" not in evidence.PROGRAM_DIRS:
    evidence.PROGRAM_DIRS += ("tests/view",)


@pytest.fixture
def rig(artefacts, program):
    """A headless sway, and what is started on it; all ended behind the test."""
    with Rig(artefacts, program) as made:
        yield made
