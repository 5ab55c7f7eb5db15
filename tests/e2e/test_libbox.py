# SPDX-License-Identifier: MIT
"""libbox as a program finds it: what it exports, its pkg-config file, the manual's example; and what it
promises of threads, streams and patience. Its calls themselves: test_paper.py.
"""

import os
import re
import subprocess

import pytest

from evidence import BUILD, ROOT
from net.household import Household

HEADER = ROOT / "clients/libbox/libbox.h"
MANUAL = ROOT / "clients/data/box.3.scd"
PROMISES = ("errors", "gives_up", "patience", "streams", "threads", "waiting_thread")


@pytest.fixture(scope="module")
def den(lab):
    home = Household(lab.node("den"), boxd_conf="store desk /home/ann/desk\n")
    home.node.run(["mkdir", "desk"])
    home.start_boxd()
    return home


@pytest.mark.parametrize("name", PROMISES)
def test_promise(den, program, name):
    done = den.node.run([program("paper"), f"library_{name}"], check=False, timeout=90)
    assert done.returncode == 0, done.stderr.decode()


def declared():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    return set(re.findall(r"\b(box_\w+)\(", text))


def installed(pattern):
    found = list((BUILD / "out").glob(pattern))
    assert found, f"{pattern} is not installed"
    return found[0]


def test_exports_what_the_header_declares_and_nothing_else():
    told = subprocess.run(["nm", "-D", "--defined-only", installed("lib/**/libbox.so")], check=True,
                          capture_output=True, text=True).stdout
    assert {line.split()[-1] for line in told.splitlines()} == declared()


def test_codes_are_those_of_op():
    codes = re.findall(r'<error name="(\w+)"', (ROOT / "protocols/op.xml").read_text())
    assert re.findall(r"^\tBOX_(E\w+),", HEADER.read_text(), re.MULTILINE) == codes


def test_manual_tells_every_call():
    told = MANUAL.read_text()
    assert not {name for name in declared() if f"*{name}*" not in told}
    codes = re.findall(r'<error name="(\w+)"', (ROOT / "protocols/op.xml").read_text())
    assert not {code for code in codes if f"BOX_{code}" not in told}


def test_example_of_the_manual(den, tmp_path):
    """Cut out of the page, built as the page says, run on a node."""
    page = MANUAL.read_text()
    example, built = re.findall(r"^```\n(.*?)^```$", page[page.index("# EXAMPLE"):],
                                re.MULTILINE | re.DOTALL)
    command, _, shown = built.split("\n", 2)
    (tmp_path / "notes.c").write_text(example)
    folder = installed("lib/**/pkgconfig/libbox.pc").parent
    subprocess.run(["sh", "-c", command], check=True, cwd=tmp_path,
                   env={**os.environ, "PKG_CONFIG_PATH": str(folder)})
    den.node.write_file("/home/ann/notes", (tmp_path / "notes").read_bytes(), 0o755)
    done = den.node.run(["./notes"], env={"LD_LIBRARY_PATH": folder.parent}, check=False)
    assert (done.returncode, done.stdout.decode()) == (0, shown), done.stderr.decode()
