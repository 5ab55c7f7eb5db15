# SPDX-License-Identifier: MIT
"""A copy goes straight from the source's node to the target's; who asks for it carries nothing."""

import hashlib
import os

import pytest

from net.household import Household, pair
from net.place import wait_for

SIZE = 20 * 1000 * 1000
MESSAGE = 700 * 1000  # what a channel takes at once


@pytest.fixture(scope="module")
def ann(lab):
    """Three machines of Ann's; den has files."""
    den = Household(lab.node("den"), boxd_conf="export files /home/ann/files\n")
    ibiza = Household(lab.node("ibiza"), boxd_conf="store desk /home/ann/desk\n")
    loft = Household(lab.node("loft"))
    ibiza.node.run(["mkdir", "desk"])
    den.node.run(["mkdir", "files"])
    den.node.write_file("/home/ann/files/large", os.urandom(SIZE))
    den.node.write_file("/home/ann/files/message", os.urandom(MESSAGE))
    for home in (den, ibiza, loft):
        home.start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    pair(den, loft, mine=True)
    return den, ibiza, loft


def digest(data):
    return hashlib.sha256(data).hexdigest()


def received(home, chan):
    return digest(home.run("cp", chan, "-", check=True).stdout)


def test_asker_carries_nothing(lab, ann):
    den, ibiza, loft = ann
    pair(ibiza, loft)
    for home in (ibiza, loft):
        home.box("mk", "/chan/inbox")
    sent = digest(den.node.read_file("/home/ann/files/message"))
    before = lab.port_bytes(loft.node)
    loft.box("cp", "/n/den/fs/files/message", "/n/ibiza/chan/inbox")
    loft.box("cp", "/n/den/fs/files/large", "/n/ibiza/null")
    carried = lab.port_bytes(loft.node) - before
    assert received(ibiza, "/chan/inbox") == sent
    assert carried < 40 * 1000, f"{carried} bytes on the asker's line"


def test_to_and_from_the_asker(ann):
    den, ibiza, _ = ann
    sent = digest(den.node.read_file("/home/ann/files/message"))
    ibiza.box("cp", "/n/den/fs/files/message", "/chan/inbox")
    assert received(ibiza, "/chan/inbox") == sent
    den.box("cp", "/fs/files/message", "/n/ibiza/chan/inbox")
    assert received(ibiza, "/chan/inbox") == sent


def test_into_a_folder_of_another_machine(ann):
    den, ibiza, loft = ann
    sent = den.node.read_file("/home/ann/files/large")
    loft.box("mk", "-t", "dir", "/n/ibiza/fs/desk/new")
    loft.box("cp", "/n/den/fs/files/large", "/n/ibiza/fs/desk/new/large", timeout=60)
    assert ibiza.node.read_file("/home/ann/desk/new/large") == sent
    loft.node.write_file("/home/ann/letter", "Dear Ann")
    loft.box("cp", "letter", "/n/ibiza/fs/desk/new/large")
    assert ibiza.node.read_file("/home/ann/desk/new/large") == b"Dear Ann"
    assert "not empty" in loft.refused("rm", "/n/ibiza/fs/desk/new")
    loft.box("rm", "/n/ibiza/fs/desk/new/large", "/n/ibiza/fs/desk/new")
    assert not ibiza.node.exists("/home/ann/desk/new")
    assert "EUNSUPP" in loft.refused("cp", "letter", "/n/den/fs/files/letter")


def test_between_nodes_that_do_not_know_each_other(lab, ann):
    """Only the asker knows both, so it passes the bytes on, and says so."""
    den, _, _ = ann
    attic = Household(lab.node("attic")).start()
    pair(den, attic, mine=True)
    cellar = Household(lab.node("cellar", person="bob")).start()
    cellar.box("init", "--person", "bob")
    pair(attic, cellar)
    cellar.box("mk", "/chan/inbox")
    cellar.box("chinfo", "/chan/inbox", "acl", "ann kp")
    done = attic.run("cp", "/n/den/fs/files/message", "/n/bob.cellar/chan/inbox", check=True)
    assert "passes through this machine" in done.stderr.decode()
    assert received(cellar, "/chan/inbox") == digest(den.node.read_file("/home/ann/files/message"))


def test_refusals_name_the_box(ann):
    _, ibiza, _ = ann
    assert "/fs/files/nowhere" in ibiza.refused("cp", "/n/den/fs/files/nowhere", "/null")
    assert "/nowhere" in ibiza.refused("cp", "/n/den/fs/files/message", "/n/den/nowhere")
    assert "1 MiB" in ibiza.refused("cp", "/n/den/fs/files/large", "/chan/inbox")
    assert "mars" in ibiza.refused("cp", "/n/den/fs/files/large", "/n/mars/null")


def test_hanging_up_stops_it(ann):
    """A copy into a channel that is full waits; when its asker goes, nothing of it is left."""
    den, ibiza, _ = ann
    den.box("mk", "/chan/full")
    for _ in range(5):
        den.run("cp", "/fs/files/message", "/chan/full", check=True)
    waiting = ibiza.node.spawn(["box", "cp", "/n/den/fs/files/message", "/n/den/chan/full"])
    wait_for(lambda: not waiting.ends_within(0.3), what="the copy to wait")
    waiting.kill()
    waiting.wait()
    for _ in range(5):
        den.run("cp", "/chan/full", "-", check=True)
    reader = den.node.spawn(["box", "cp", "/chan/full", "-"])
    assert not reader.ends_within(1), "a copy that was given up arrived"
    reader.kill()
    reader.wait()


def test_a_killed_boxd_leaves_the_old_file(ann):
    """Killed at the worst time: while the new one is coming."""
    den, ibiza, _ = ann
    ibiza.node.write_file("/home/ann/desk/kept", "old")
    coming = ibiza.node.spawn(["sh", "-c", "(head -c 3000000 /dev/zero; sleep 1000) | "
                               "box cp - /fs/desk/kept"])
    wait_for(lambda: any(open_files(ibiza, ibiza.boxd.pid)), what="the file to be written")
    ibiza.boxd.kill()
    ibiza.boxd.wait()
    coming.kill(group=True)
    ibiza.start_boxd()
    assert ibiza.text("/fs/desk/kept") == "old"
    assert ibiza.box("ls", "/fs/desk").split()[0] == "kept"
    ibiza.box("rm", "/fs/desk/kept")


def open_files(home, pid):
    """What a process has open below the desk."""
    listed = home.node.output(["sh", "-c", f"ls -l /proc/{pid}/fd"])
    return [line for line in listed.splitlines() if "/home/ann/desk/" in line]
