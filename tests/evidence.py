# SPDX-License-Identifier: MIT
"""Where tests leave what they saw. A conftest.py imports what it needs of it.

BOXLAND_BUILD is the build directory (default: build/ of the checkout), BOXLAND_OUT the directory
for evidence (default: artefacts/ of the build). Every test has a directory of its own in it. All of
it stays when the test fails or BOXLAND_KEEP is set; of a test that passes the pictures stay.
"""

import os
import pathlib
import re
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("BOXLAND_BUILD", ROOT / "build")).absolute()
OUT = pathlib.Path(os.environ.get("BOXLAND_OUT", BUILD / "artefacts")).absolute()
# Where programs are in a build directory, best first: as they will be installed, as they are made.
PROGRAM_DIRS = ("out/bin", "out/libexec/boxland", "boxd", "compositor", "clients",
                "clients/boxcast", "clients/boxview", "tests/net", "tests/paper")
PICTURES = (".png", ".mp4")
FAILED = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Remembers that a test failed, for those who decide what to keep."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
        item.parent.stash[FAILED] = True
    return report


def evidence(node):
    """An empty directory for a test or module, named after it."""
    path = OUT / re.sub(r"[^\w.-]+", "-", node.nodeid.replace("/", ".")).strip("-")
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    yield path
    if node.stash.get(FAILED, False) or os.environ.get("BOXLAND_KEEP"):
        return
    for entry in path.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.suffix not in PICTURES:
            entry.unlink()
    if not any(path.iterdir()):
        path.rmdir()


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
