# SPDX-License-Identifier: MIT
"""Persons under one name: made, used, told to the person's other machines, and taken away again."""

import pytest

from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused

DIR = "/home/ann/.local/share/boxland/groups"


@pytest.fixture(scope="module")
def homes(lab):
    """den and ibiza are Ann's; pc is Bob's, who is known to both."""
    den = Household(lab.node("den"), boxd_conf="store pool /home/ann/pool\nstore kept /home/ann/kept\n"
                    "access /fs/kept family ksgl\n")
    den.node.run(["mkdir", "pool", "kept"])
    den.start(desktop="400x300")
    ibiza = Household(lab.node("ibiza")).start()
    pc = Household(lab.node("pc", person="bob"), boxd_conf="store pool /home/bob/pool\n")
    pc.node.run(["mkdir", "-p", "pool/box"])
    pc.start()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    pair(den, ibiza, mine=True)
    pair(den, pc)
    pair(ibiza, pc)
    return den, ibiza, pc


def sees(pc, name):
    try:
        pc.op.kind(name)
        return True
    except Refused as refused:
        assert refused.code == "ENOENT"
        return False


def test_a_group(homes):
    """A line for a group is good for who is in it, on every machine of its person."""
    den, ibiza, pc = homes
    assert b"there is no group yet" in den.run("group").stderr
    den.box("group", "family", "add", "bob")
    assert den.box("group") == "family  bob"
    assert den.box("group", "family") == "bob"
    for home, node in ((den, "ann.den"), (ibiza, "ann.ibiza")):
        wait_for(lambda home=home: home.has_box("/peer/family/bob"), 20, "a group to be known")
        home.box("mk", "/chan/x")
        assert not sees(pc, f"/n/{node}/chan/x")
        home.box("chinfo", "/chan/x", "acl", "family kg")
        assert pc.op.kind(f"/n/{node}/chan/x").text("letters") == "kg"
    # Who waits is told that he may no more, and so are the other machines.
    version = pc.op.kind("/n/ann.den/chan/x").text("version")
    with pc.op.call("kind", "/n/ann.den/chan/x", since=version) as call:
        den.box("group", "family", "rm", "bob")
        with pytest.raises(Refused) as refused:
            call.reply
        assert refused.value.code == "ENOENT"
    wait_for(lambda: not ibiza.has_box("/peer/family/bob"), 20, "ibiza to hear of it")
    assert not sees(pc, "/n/ann.ibiza/chan/x")


def told_no(call):
    with call, pytest.raises(Refused) as refused:
        for _ in call.parts():
            pass
    return refused.value


@pytest.mark.parametrize("by", ["family", "bob"])
def test_what_rested_on_it_ends(homes, by):
    """Links and exchanges of who may no more, at boxd and at the desktop: out of a group, or of a list."""
    den, _, pc = homes
    if by == "family":
        den.box("group", "family", "add", "bob")
    foot = den.client("foot", "--app-id", "rests")
    window = den.window("rests")
    rests = {"/chan/y": "kg", "/proc/rests/io1": "kl", window: "kl", "/fs/pool": "ksgl"}
    den.box("mk", "/chan/y")
    den.box("mk", "/proc/rests")
    pc.box("mk", "/chan/z")
    for device in ("/chan/z", "/fs/pool"):  # den asks for them as Ann's
        pc.box("chinfo", device, "acl", "ann ksgp")
    for name, letters in rests.items():
        den.box("chinfo", name, "acl", f"{by} {letters}")
    feed = pc.op.call("getmem", "/n/ann.den/chan/y", live=True)
    assert feed.reply
    version = pc.op.kind(f"/n/ann.den{window}").text("version")
    waits = pc.op.call("kind", f"/n/ann.den{window}", since=version)
    links = [pc.box("ln", device, f"/n/ann.den{io}").removeprefix("/n/ann.den")
             for device, io in (("/chan/z", "/proc/rests/io1"), ("/chan/z", f"{window}/kbd"),
                                ("/fs/pool/box", "/fs/pool/box"))]
    for link in links:
        wait_for(lambda link=link: den.op.kind(link).text("state") == "up", 20, f"{link} to be up")
    if by == "family":
        den.box("group", "family", "rm", "bob")
    else:
        for name in rests:
            den.box("chinfo", name, "acl", "bob -")
    for link in links:
        den.wait_no_box(link)
    assert told_no(feed).code == "EPERM"
    with waits, pytest.raises(Refused) as refused:
        waits.reply
    assert refused.value.code == "ENOENT"
    foot.kill()
    den.box("rm", "/chan/y")
    den.box("rm", "/proc/rests")
    pc.box("rm", "/chan/z")


def test_a_kept_link_knows_its_group(homes):
    """A replica that Bob made as one of the family goes on when boxd was restarted."""
    den, _, pc = homes
    den.box("group", "family", "add", "bob")
    pc.node.run(["mkdir", "-p", "pool/box/one"])
    link = pc.box("ln", "/fs/pool/box", "/n/ann.den/fs/kept/box").removeprefix("/n/ann.den")
    wait_for(lambda: den.node.exists("/home/ann/kept/box/one"), 20, "one on den")
    den.boxd.stop()
    den.start_boxd()
    pc.node.run(["mkdir", "-p", "pool/box/two"])
    wait_for(lambda: den.node.exists("/home/ann/kept/box/two"), 30, "two on den")
    den.box("group", "family", "rm", "bob")
    den.wait_no_box(link)


def test_names(homes):
    """A name means a person or a group, and never both; and only persons are members."""
    den, ibiza, pc = homes
    assert "is a person or a machine" in den.refused("group", "bob", "add", "bob")
    assert "is a person or a machine" in den.refused("group", "ibiza", "add", "bob")
    assert "no person who is known here" in den.refused("group", "family", "add", "eve")
    assert "needs no group" in den.refused("group", "family", "add", "ann")
    assert "is on the machine where it was made" in ibiza.refused("group", "family", "add", "bob")
    den.box("group", "family", "add", "bob")
    assert "there is a box" in den.refused("group", "family", "add", "bob")
    for verb, name in (("make", "/n/ann.den/peer/own"), ("make", "/n/ann.den/peer/family/bob"),
                       ("delete", "/n/ann.den/peer/family"), ("kind", "/n/ann.den/peer/family")):
        with pytest.raises(Refused) as refused:
            pc.op.ask(verb, name, **({"type": "group"} if verb == "make" else {}))
        assert refused.value.code == "ENOENT", (verb, name)


def test_it_is_kept(homes):
    """In files for its owner alone, which no other text passes for; and deleted it stays deleted."""
    den, ibiza, pc = homes
    wait_for(lambda: ibiza.has_box("/peer/family/bob"), 20, "ibiza to know")
    modes = den.node.output(["stat", "-c", "%a", f"{DIR}/family", f"{DIR}/family.key"]).split()
    assert modes == ["600", "600"]
    old = den.node.read_file(f"{DIR}/family")
    with pytest.raises(Refused) as refused:  # Bob's machine says it, and it is not his to say
        pc.op.put("/n/ann.den/peer/ann/groups", old)
    assert refused.value.code == "ENOENT"
    forged = old.replace(b"serial ", b"serial 1")
    with pytest.raises(Refused) as refused:
        ibiza.op.put("/n/den/peer/ann/groups", forged)
    assert refused.value.code == "EPERM"
    den.boxd.stop()
    den.start_boxd()
    assert den.box("group") == "family  bob"
    den.box("rm", "/peer/family")
    wait_for(lambda: not ibiza.has_box("/peer/family"), 20, "ibiza to hear that it is gone")
    with pytest.raises(Refused) as refused:
        ibiza.op.put("/peer/ann/groups", old)
    assert refused.value.code == "ESTALE"
    den.boxd.stop()
    den.node.run(["chmod", "644", f"{DIR}/family.key"])
    started = den.node.run(["boxd"], check=False)
    assert started.returncode != 0
    assert b"groups/family.key has mode 0644" in started.stderr
