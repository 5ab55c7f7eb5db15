# SPDX-License-Identifier: MIT
"""A copy between two friends' nodes: straight, with a grant for just that; never without."""

import hashlib
import os

import pytest

from net.household import Household, pair

SIZE = 3 * 1000 * 1000


@pytest.fixture(scope="module")
def homes(lab):
    """ibiza is Ann's, who asks; loft is Alice's and pc is Bob's. All three know one another."""
    ibiza = Household(lab.node("ibiza")).start()
    loft = Household(lab.node("loft", person="alice"),
                     boxd_conf="export files /home/alice/files\naccess /fs/files ann ksg\n")
    loft.node.run(["mkdir", "files"])
    loft.node.write_file("/home/alice/files/large", os.urandom(SIZE))
    pc = Household(lab.node("pc", person="bob"),
                   boxd_conf="store desk /home/bob/desk\naccess /fs/desk ann ksgpm\n")
    pc.node.run(["mkdir", "desk"])
    for home in (loft, pc):
        home.start()
    for home in (ibiza, loft, pc):
        home.box("init", "--person", home.person)
    pair(ibiza, loft)
    pair(ibiza, pc)
    pair(loft, pc)
    return ibiza, loft, pc


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_friend_to_friend(lab, homes):
    """Not over the asker's line, and at Bob's it is Ann who puts, not Alice."""
    ibiza, loft, pc = homes
    before = lab.port_bytes(ibiza.node)
    ibiza.box("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/large", timeout=60)
    carried = lab.port_bytes(ibiza.node) - before
    sent = digest(loft.node.read_file("/home/alice/files/large"))
    assert digest(pc.node.read_file("/home/bob/desk/large")) == sent
    assert carried < 60 * 1000, f"{carried} bytes on the asker's line"


def test_what_the_asker_may_not(lab, homes):
    """A grant gives what the asker has, and no more."""
    ibiza, loft, pc = homes
    pc.box("chinfo", "/fs/desk", "acl", "ann ks")
    try:
        said = ibiza.refused("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/other")
        assert "ann may not" in said and "EPERM" in said
        assert not pc.node.exists("/home/bob/desk/other")
    finally:
        pc.box("chinfo", "/fs/desk", "acl", "ann ksgpm")


def test_nobody_else_by_it(homes):
    """What Alice's node did for Ann it cannot do for Alice; and not for Ann whom Bob forgot."""
    ibiza, loft, pc = homes
    assert "ENOENT" in loft.refused("cp", "files/large", "/n/bob.pc/fs/desk/stolen")
    pc.box("rm", "/peer/ann.ibiza")
    said = ibiza.refused("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/stolen",
                         timeout=60)
    assert "EPERM" in said and "grant is of a person who is not known" in said
    assert not pc.node.exists("/home/bob/desk/stolen")
