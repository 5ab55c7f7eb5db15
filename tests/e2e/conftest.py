# SPDX-License-Identifier: MIT
"""What end-to-end tests stand on: nodes to run the built programs on. Logs: see evidence.py."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from evidence import (BUILD, PROGRAM_DIRS, ROOT, artefacts, module_artefacts,  # noqa: E402, F401
                      program, pytest_runtest_makereport)
from net.lab import Lab  # noqa: E402  (the path comes first)


def pytest_configure(config):
    config.addinivalue_line("markers", "two_nodes: the test that CI also runs under the sanitizers")


def make_lab(out, program):
    """A laboratory whose nodes see the checkout and the build, and find our programs first."""
    path = [*(str(BUILD / directory) for directory in PROGRAM_DIRS),
            "/usr/local/bin", "/usr/bin", "/bin", "/usr/games"]
    return Lab(out, wire=program("wire"), share=[ROOT, BUILD], env={"PATH": ":".join(path)})


@pytest.fixture(scope="module")
def lab(module_artefacts, program):
    """One laboratory for all tests of a module."""
    with make_lab(module_artefacts, program) as made:
        yield made


@pytest.fixture
def new_lab(artefacts, program):
    """A laboratory for one test, for those that cut, fill or kill things."""
    with make_lab(artefacts, program) as made:
        yield made


@pytest.fixture
def node(new_lab):
    """node("den", person="ann", link="WAN40") adds a machine to the test's own laboratory."""
    return new_lab.node
