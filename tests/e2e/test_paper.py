# SPDX-License-Identifier: MIT
"""Each call of the paper's Table 1 and each example of its code, as tests/paper/list has them: done by
programs written against libbox, on two machines. And each of them fails when the request that it is
about is answered with ok and nothing is done: liar.py stands before boxd then.
"""

import itertools
import re
import subprocess
from dataclasses import dataclass

import pytest

from evidence import ROOT
from net import cups
from net.household import Household, pair

PAPER = ROOT / "tests/paper"
LIAR_MS = 2000  # a lie shows in waiting for what never comes, too


@dataclass
class Entry:
    name: str
    lies: list
    cited: str


def read_list():
    """The list's entries. A line that is not of its form is an error."""
    for line in (PAPER / "list").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, lies, cited = (word.strip() for word in line.split("|"))
        yield Entry(name, [lie.strip() for lie in lies.split(",")], cited)


ENTRIES = list(read_list())
LIES = [(entry, lie) for entry in ENTRIES for lie in entry.lies]
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def den(lab):
    """Den, whose programs talk to ibiza as well."""
    homes = []
    for name in ("den", "ibiza"):
        home = Household(lab.node(name, env=cups.ENV), boxd_conf="store desk /home/ann/desk\n")
        if name == "den":
            cups.Cups(home.node).add_sink("printer")
        home.node.run(["mkdir", "-p", "desk/bin"])
        home.node.run(["cp", "/usr/bin/uname", "desk/bin/lb"])
        home.node.run(["cp", "/usr/bin/cat", "desk/bin/cat"])
        homes.append(home.start())
    homes[0].box("init", "--person", "ann")
    pair(*homes, mine=True)
    return homes[0]


@pytest.fixture(scope="module")
def liar(den):
    """The sockets of lies: of all that the list has, and of none (the first)."""
    told = [""] + sorted({lie for _, lie in LIES})
    process = den.node.spawn(["python3", PAPER / "liar.py", f"{den.node.runtime}/boxland/op",
                              "/home/ann/lies", *told], log="liar")
    process.wait_output("ready")
    yield lambda lie: (f"/home/ann/lies/{told.index(lie)}",
                       lambda: process.output().count(f"lie {told.index(lie)}\n"))
    process.stop()


def run_paper(den, program, name, **env):
    """One test program's end, in a name space of its own."""
    space = f"{name}-{next(NUMBERS)}"
    den.op.make(f"/ns/{space}", **{"from": "default"})
    try:
        return den.node.run([program("paper"), name], check=False, timeout=60,
                            env={"BOX_NS": space, **env})
    finally:
        den.op.delete(f"/ns/{space}")


def make_test(entry):
    def test(den, program):
        done = run_paper(den, program, entry.name)
        assert done.returncode == 0, done.stderr.decode()

    test.__doc__ = entry.cited
    return test


for each in ENTRIES:
    globals()[f"test_{each.name}"] = make_test(each)


def test_nothing_is_left_out(program):
    """The list's entries are the programs' tests, and its calls those of the library."""
    written = subprocess.run([program("paper")], capture_output=True, text=True, check=True).stdout
    assert {entry.name for entry in ENTRIES} == {
        name for name in written.split() if not name.startswith("library_")}
    header = (ROOT / "clients/libbox/libbox.h").read_text()
    calls = header[header.index("The calls of the paper"):header.index("The program's own memory")]
    assert {entry.name for entry in ENTRIES if entry.name.startswith("call_")} == {
        f"call_{name}" for name in re.findall(r"^enum box_code box_(\w+)\(", calls, re.MULTILINE)}


@pytest.mark.parametrize("entry, lie", LIES, ids=[f"{entry.name}-{lie}" for entry, lie in LIES])
def test_lying_handler(den, liar, program, entry, lie):
    socket, count = liar(lie)
    before = count()
    done = run_paper(den, program, entry.name, BOX_OP=socket, PATIENCE_MS=LIAR_MS)
    assert count() > before, "nothing was asked that could be lied about"
    assert done.returncode == 1, f"the lie was not noticed: {done.stderr.decode()}"


def test_through_an_honest_liar(den, liar, program):
    """It is the lies that are noticed, not who stands there."""
    for name in ("call_link", "call_selectors", "example_make_proc_and_copy_prog"):
        done = run_paper(den, program, name, BOX_OP=liar("")[0], PATIENCE_MS=LIAR_MS)
        assert done.returncode == 0, done.stderr.decode()
