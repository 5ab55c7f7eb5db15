# SPDX-License-Identifier: MIT
"""The place where QEMU runs, as the login has it. Logs and pictures: see evidence.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from evidence import artefacts, pytest_runtest_makereport  # noqa: E402, F401
from vm.conftest import place  # noqa: E402, F401
