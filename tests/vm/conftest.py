# SPDX-License-Identifier: MIT
"""What the login stands on: a place where QEMU runs, a directory for pictures (evidence.py)."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from evidence import (artefacts, program, pytest_runtest_makereport)  # noqa: E402, F401
from net.lab import Switch  # noqa: E402  (the path comes first)


@pytest.fixture
def place(artefacts):  # noqa: F811
    """Where QEMU runs; all in it ends with the test."""
    made = Switch(artefacts)
    yield made
    made.close()
