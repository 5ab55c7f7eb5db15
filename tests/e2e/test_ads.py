# SPDX-License-Identifier: MIT
"""Nodes tell each other what they offer, are missed within seconds, and found when they return."""

import re
import signal
import time

import pytest

from net.household import Household, pair
from net.place import wait_for, within

GONE_S = 5  # a node that vanished is unbound within
SLOW_S = 60  # for what depends on how busy the machine is


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's; den has a folder that ibiza has not."""
    den = Household(lab.node("den"), boxd_conf="export films /home/ann/films\n")
    ibiza = Household(lab.node("ibiza"))
    den.node.run(["mkdir", "films"])
    den.node.write_file("/home/ann/films/whose", "den")
    den.start_boxd("-d")
    ibiza.start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    wait_for(lambda: "/n/den/fs/films" in ads(ibiza), what="den's ads at ibiza")
    return den, ibiza


def ads(home, *words):
    """{name: type} of what box ads prints."""
    lines = home.run("ads", *words).stdout.decode().splitlines()
    return dict(line.split()[:2] for line in lines)


def state(home, node):
    listed = home.box("info", f"/peer/{node}")
    return next(line for line in listed.splitlines() if line.startswith("state"))


def unbound(home):
    return [line for line in home.box("ns").splitlines() if "unbound" in line]


def test_what_is_advertised_is_printed(ann):
    den, ibiza = ann
    told = ads(ibiza)
    assert told["/n/den/fs/films"] == "dir" and told["/proc"].startswith("proc!")
    assert "/n/den/proc" in told and not [name for name in told if "/peer" in name]
    assert set(ads(ibiza, "/proc")) == {"/proc", "/n/den/proc"}
    assert set(ads(ibiza, "-c", "proc!*!*!node=den")) == {"/n/den/proc"}
    assert "box ads" in ibiza.refused("ads", "/printer")


def test_nobody_is_asked_for_what_nobody_has(ann):
    den, ibiza = ann
    assert ibiza.text("/any/fs/films/whose") == "den"
    ibiza.box("import", "/cpu", "any", "/proc", "proc!riscv64")
    den.boxd.kill(signal.SIGSTOP)  # whoever asks it now waits
    try:
        begin = time.monotonic()
        said = ibiza.refused("info", "/any/printer/laser")
        assert time.monotonic() - begin < within(3) and "den ENOENT" in said
        said = ibiza.refused("info", "/cpu")
        assert "EMATCH" in said and "den proc!" in said
    finally:
        den.boxd.kill(signal.SIGCONT)


def questions(home, verb, name):
    """How often a household whose boxd runs with -d was asked that so far."""
    return len(re.findall(rf"> {verb} (?:.* )?name {name}\b", home.boxd.output()))


def test_what_ads_tell_is_not_asked(ann):
    """A program on another machine is one question, and the machine's answer."""
    den, ibiza = ann
    kinds, makes = questions(den, "kind", "/proc"), questions(den, "make", "/proc/true")
    for _ in range(3):
        ibiza.box("run", "-c", "proc!*!*!node=den", "--", "true")
    assert questions(den, "make", "/proc/true") == makes + 3
    assert questions(den, "kind", "/proc") == kinds


def test_an_answer_is_kept_as_long_as_it_says(ann, lab):
    """What a friend's box is, and that it is not there, is asked once in a second, however many names
    need it; what is changed from here is asked anew."""
    ibiza = ann[1]
    bob = Household(lab.node("pc", person="bob"))
    bob.start_boxd("-d")
    bob.box("init", "--person", "bob")
    pair(ibiza, bob)
    bob.box("chinfo", "/proc", "acl", "ann ki")
    ibiza.box("import", "/risc", "any", "/proc", "proc!riscv64")
    wait_for(lambda: "/n/bob.pc/proc" in ads(ibiza), SLOW_S)

    def asked(name, *commands):
        before = questions(bob, "kind", name)
        for words in commands:
            ibiza.run(*words)
        return questions(bob, "kind", name) - before

    for name, look in (("/proc", ["info", "/risc"]), ("/printer", ["info", "/any/printer"])):
        wait_for(lambda: asked(name, look, look, look) == 1, SLOW_S, f"an answer on {name} to be kept")
    look, change = ["info", "/risc"], ["chinfo", "/n/bob.pc/proc", "acl", "ann ki"]
    for _ in range(5):
        ibiza.run(*look)
        # once more where the second was over between the two
        assert asked("/proc", change, look) in (1, 2)


def test_vanished_node_is_unbound_and_a_returning_one_bound(ann):
    den, ibiza = ann
    wait_for(lambda: state(ibiza, "den") == "state up", SLOW_S)
    den.boxd.kill(signal.SIGKILL)
    begin = time.monotonic()
    wait_for(lambda: state(ibiza, "den").startswith("state down"), SLOW_S)
    assert time.monotonic() - begin < within(GONE_S)
    assert "/n/den" in unbound(ibiza)[0]
    assert not [name for name in ads(ibiza) if "/n/den" in name]
    den.boxd.wait()
    den.start_boxd()
    wait_for(lambda: "/n/den/fs/films" in ads(ibiza), SLOW_S)
    assert not unbound(ibiza)
    assert ibiza.text("/any/fs/films/whose") == "den"
