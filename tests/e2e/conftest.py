# SPDX-License-Identifier: MIT
"""What end-to-end tests stand on: the built programs, nodes to run them on, a place for evidence.

BOXLAND_BUILD is the build directory (default: build/ of the checkout), BOXLAND_OUT the directory
for evidence (default: artefacts/ of the build). Every test has a directory of its own in it, which
is there while it runs, and stays when it fails or BOXLAND_KEEP is set.
"""

import os
import pathlib
import re
import shutil
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from net.lab import Lab  # noqa: E402  (the path comes first)

BUILD = pathlib.Path(os.environ.get("BOXLAND_BUILD", ROOT / "build")).absolute()
OUT = pathlib.Path(os.environ.get("BOXLAND_OUT", BUILD / "artefacts")).absolute()
# Where programs are in a build directory, best first: as they will be installed, as they are made.
PROGRAM_DIRS = ("out/bin", "out/libexec/boxland", "boxd", "compositor", "clients",
                "clients/boxcast", "clients/boxview", "tests/net")


def pytest_configure(config):
    config.addinivalue_line("markers", "two_nodes: the test that CI also runs under the sanitizers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Remembers that a test failed, for those who decide what to keep."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        item.parent.stash[FAILED] = True
    return report


FAILED = pytest.StashKey()


def evidence(node):
    """An empty directory for a test or module, named after it; kept when that failed."""
    path = OUT / re.sub(r"[^\w.-]+", "-", node.nodeid.replace("/", "."))
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    if not node.stash.get(FAILED, False) and not os.environ.get("BOXLAND_KEEP"):
        shutil.rmtree(path)


@pytest.fixture
def artefacts(request):
    """The test's own directory for logs and pictures."""
    yield from evidence(request.node)


@pytest.fixture(scope="module")
def module_artefacts(request):
    """The same for what a module's tests share."""
    yield from evidence(request.node)


@pytest.fixture(scope="session")
def program():
    """program("boxd") is the path of a built program."""
    def find(name):
        for directory in PROGRAM_DIRS:
            path = BUILD / directory / name
            if path.is_file() and os.access(path, os.X_OK):
                return path
        pytest.fail(f"{name} is not built in {BUILD}; build it with ./dev build")

    return find


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
