# SPDX-License-Identifier: MIT
"""A large copy whose line breaks goes on where it was: by itself, and when it is asked for again."""

import os

import pytest

from net.household import Household, pair
from net.place import wait_for

SIZE = 40 * 1000 * 1000
SLOW = "rate=50 delay=1"  # Mbit/s: six seconds for all of it


@pytest.fixture(scope="module")
def ann(lab):
    den = Household(lab.node("den", link=SLOW), boxd_conf="store desk /home/ann/desk\n")
    ibiza = Household(lab.node("ibiza"), boxd_conf="store desk /home/ann/desk\n")
    for home in (den, ibiza):
        home.node.run(["mkdir", "desk"])
        home.start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    den.node.write_file("/home/ann/desk/large", os.urandom(SIZE))
    return den, ibiza


def came(ibiza, least=1000 * 1000):
    """Waits until so much of it is there, in hiding."""
    def kept():
        told = ibiza.node.run(["sh", "-c", "cat desk/.box-parts/* | wc -c"], check=False)
        return int(told.stdout) > least

    wait_for(kept, 60, "the beginning of the copy")


def is_whole(den, ibiza, name):
    return ibiza.node.read_file(f"/home/ann/desk/{name}") == den.node.read_file("/home/ann/desk/large")


def test_line_that_returns(lab, ann):
    den, ibiza = ann
    copying = ibiza.node.spawn(["box", "cp", "/n/den/fs/desk/large", "/fs/desk/one"])
    came(ibiza)
    lab.cut(den.node)
    copying.wait_output("waiting for it to come back", timeout=30)
    assert not ibiza.node.exists("/home/ann/desk/one")
    lab.mend(den.node)
    assert copying.wait(timeout=90) == 0, copying.output()
    assert "going on from" in copying.output()
    assert is_whole(den, ibiza, "one")
    assert ibiza.node.output(["ls", "-A", "desk/.box-parts"]) == ""


def test_asked_for_again(ann):
    """Given up by its asker, and the target's boxd killed at that; then from den's side."""
    den, ibiza = ann
    copying = den.node.spawn(["box", "cp", "/fs/desk/large", "/n/ibiza/fs/desk/two"])
    came(ibiza)
    ibiza.boxd.kill()
    ibiza.boxd.wait()
    copying.kill()
    copying.wait()
    ibiza.start_boxd()
    done = den.run("cp", "/fs/desk/large", "/n/ibiza/fs/desk/two", check=True, timeout=90)
    assert b"going on from" in done.stderr
    assert is_whole(den, ibiza, "two")


def test_another_source(ann):
    """What was kept is of the old contents: the new ones come from the beginning."""
    den, ibiza = ann
    copying = den.node.spawn(["box", "cp", "/fs/desk/large", "/n/ibiza/fs/desk/three"])
    came(ibiza)
    copying.kill()
    copying.wait()
    den.node.write_file("/home/ann/desk/large", os.urandom(SIZE // 4))
    done = den.run("cp", "/fs/desk/large", "/n/ibiza/fs/desk/three", check=True, timeout=90)
    assert b"going on" not in done.stderr
    assert is_whole(den, ibiza, "three")


def kept(home, where):
    """Bytes of what is hidden there."""
    told = home.node.run(["sh", "-c", f"cat {where} 2>/dev/null | wc -c"], check=False)
    return int(told.stdout)


def broken_off(home, words, wanted):
    """A copy that somebody kills once so much of it has come."""
    copying = home.node.spawn(["box", "cp", *words])
    wait_for(lambda: wanted() > 1000 * 1000, 60, "the beginning of the copy")
    copying.kill()
    copying.wait()


def line_breaks(lab, den, copying, came):
    """A copy that goes on where the one before it was, whose line breaks then, and returns."""
    copying.wait_output("going on from", timeout=30)
    before = came()
    wait_for(lambda: came() > before + 1000 * 1000, 60, "more of it")
    lab.cut(den.node)
    copying.wait_output("waiting for it to come back", timeout=30)
    lab.mend(den.node)
    assert copying.wait(timeout=90) == 0, copying.output()
    assert copying.output().count("going on from") == 2


def test_file_to_box(lab, ann):
    """Broken off by a kill, and then by the line."""
    den, ibiza = ann
    data = os.urandom(SIZE // 2)
    ibiza.node.write_file("/home/ann/big", data)
    words = "file:big", "/n/den/fs/desk/up"
    broken_off(ibiza, words, lambda: kept(den, "desk/.box-parts/*"))
    line_breaks(lab, den, ibiza.node.spawn(["box", "cp", *words]), lambda: kept(den, "desk/.box-parts/*"))
    assert den.node.read_file("/home/ann/desk/up") == data
    # Other contents have nothing in common with what was kept.
    broken_off(ibiza, words, lambda: kept(den, "desk/.box-parts/*"))
    data = os.urandom(SIZE // 8)
    ibiza.node.write_file("/home/ann/big", data)
    done = ibiza.run("cp", *words, check=True, timeout=90)
    assert b"going on" not in done.stderr
    assert den.node.read_file("/home/ann/desk/up") == data


def test_box_to_file(lab, ann):
    """Likewise."""
    den, ibiza = ann
    data = os.urandom(SIZE // 2)
    den.node.write_file("/home/ann/desk/down", data)
    words = "/n/den/fs/desk/down", "file:down"
    broken_off(ibiza, words, lambda: kept(ibiza, ".down.part-*"))
    line_breaks(lab, den, ibiza.node.spawn(["box", "cp", *words]), lambda: kept(ibiza, ".down.part-*"))
    assert ibiza.node.read_file("/home/ann/down") == data
    # Other contents: from the beginning, and what was kept of the old ones goes.
    broken_off(ibiza, words, lambda: kept(ibiza, ".down.part-*"))
    den.node.write_file("/home/ann/desk/down", data[:SIZE // 8])
    done = ibiza.run("cp", *words, check=True, timeout=90)
    assert b"going on" not in done.stderr
    assert ibiza.node.read_file("/home/ann/down") == data[:SIZE // 8]
    assert ".part-" not in ibiza.node.output(["ls", "-A"])
