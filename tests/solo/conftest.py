# SPDX-License-Identifier: MIT
"""The laboratory of the end-to-end tests, for one machine. Logs: see evidence.py."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from e2e.conftest import lab, new_lab  # noqa: E402, F401  (the path comes first)
from evidence import (artefacts, module_artefacts, program,  # noqa: E402, F401
                      pytest_runtest_makereport)
