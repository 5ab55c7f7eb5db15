# SPDX-License-Identifier: MIT
"""Nodes that cannot reach one another meet at a third: den and ibiza each behind a router that keeps
ports, loft behind one that does not, shed beside den, and bob's vps where all can reach it. Eve is
bob's friend too.
"""

import concurrent.futures
import dataclasses
import re
import signal

import pytest

from net import nat
from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused

MEET_AT = "meet-at bob.vps\n"
SIZE = 1000 * 1000
MARK = b"nobody on the way may read this "
PATIENCE_S = 60  # of what takes some seconds on a machine that is not busy


@dataclasses.dataclass
class World:
    lab: object
    den: Household
    ibiza: Household
    loft: Household
    shed: Household
    vps: Household
    eve: Household
    routers: dict


@pytest.fixture(scope="module")
def world(lab):
    """All were paired when they sat at one table; then Ann's machines were taken elsewhere."""
    files = "export files /home/ann/files\n"
    den = Household(lab.node("den"), boxd_conf=files + MEET_AT)
    ibiza = Household(lab.node("ibiza"), boxd_conf=MEET_AT)
    loft = Household(lab.node("loft"), boxd_conf=MEET_AT)
    shed = Household(lab.node("shed"), boxd_conf=MEET_AT)
    vps = Household(lab.node("vps", person="bob"), boxd_conf="meet yes\n")
    eve = Household(lab.node("pc", person="eve"))
    den.node.run(["mkdir", "files"])
    den.node.write_file("/home/ann/files/large", MARK * (SIZE // len(MARK)))
    den.node.write_file("/home/ann/files/small", "small")
    for home in (den, ibiza, loft, shed, vps, eve):
        home.start()
    for home in (den, vps, eve):
        home.box("init", "--person", home.person)
    for home in (ibiza, loft, shed):
        pair(den, home, mine=True)
    for home in (den, ibiza, loft, shed, eve):
        pair(vps, home)
    routers = {}
    for home in (den, ibiza, loft):
        routers[home.name] = lab.router(f"{home.name}-router", symmetric=home is loft)
    for home in (den, ibiza, loft, shed):
        home.boxd.stop()
        lab.put_behind(home.node, routers["den" if home is shed else home.name])
        home.start_boxd()
        listens(home)
    return World(lab, den, ibiza, loft, shed, vps, eve, routers)


def listens(home, times=1):
    """Waits until the node has found its meeting point so many times."""
    wait_for(lambda: home.boxd.output().count("bob.vps is a meeting point of this node") == times,
             PATIENCE_S, f"{home.name} listens at bob.vps")


def state(home, name):
    return home.op.kind(name).text("state")


def fetch(home, name):
    return home.run("cp", name, "-", check=True, timeout=PATIENCE_S).stdout


def meets_directly(home, name):
    """Waits until the node has a direct way; on a busy machine it may have had another first."""
    assert fetch(home, f"/n/{name}/fs/files/small") == b"small"
    wait_for(lambda: state(home, f"/peer/{name}") == "up", 2 * PATIENCE_S,
             f"a direct way from {home.name} to {name}")


def passed(frames, address):
    """Bytes of UDP to and from an address on the switch."""
    return sum(len(frame.data) for frame in frames
               if frame.kind == "udp" and address in (frame.source, frame.target))


def test_each_behind_a_router_they_meet_directly(world, artefacts):
    meets_directly(world.ibiza, "den")
    capture = world.lab.capture(artefacts / "direct.pcap")
    assert fetch(world.ibiza, "/n/den/fs/files/large").count(MARK) == SIZE // len(MARK)
    frames = capture.stop()
    between = [world.routers[name].ip for name in ("den", "ibiza")]
    assert sum(len(frame.data) for frame in frames
               if {frame.source, frame.target} == set(between)) > SIZE
    assert passed(frames, world.vps.node.ip) < 60 * 1000, "the meeting point carried it"


def test_behind_one_router_they_meet_there(world, artefacts):
    meets_directly(world.shed, "den")
    capture = world.lab.capture(artefacts / "home.pcap")
    assert fetch(world.shed, "/n/den/fs/files/large").count(MARK) == SIZE // len(MARK)
    frames = capture.stop()
    assert passed(frames, world.routers["den"].ip) < 60 * 1000, "it left the house"


def test_through_the_meeting_point_unread(world, artefacts):
    capture = world.lab.capture(artefacts / "through.pcap")
    assert fetch(world.loft, "/n/den/fs/files/large").count(MARK) == SIZE // len(MARK)
    frames = capture.stop()
    assert state(world.loft, "/peer/den") == "up through bob.vps"
    assert state(world.den, "/peer/loft") == "up through bob.vps"
    assert passed(frames, world.vps.node.ip) > 2 * SIZE
    with open(capture.path, "rb") as file:
        assert MARK not in file.read()
    crossings = [entry.text("title") for _, entry in world.vps.op.list("/meet")
                 if entry.number("size") > SIZE]
    assert crossings in (["ann.loft and ann.den"], ["ann.den and ann.loft"])


def test_who_is_not_known_learns_nothing(world, artefacts):
    key = world.den.op.kind("/").text("key")
    capture = world.lab.capture(artefacts / "eve.pcap")
    with pytest.raises(Refused) as refused:
        world.eve.op.ask("make", "/n/bob.vps/meet", key=key, at="10.0.0.1:7447")
    frames = capture.stop()
    assert refused.value.code == "EUNREACH" and "does it know the machine that asks" in str(refused)
    assert not refused.value.head.all("at")
    others = {router.ip for router in world.routers.values()}
    assert not [frame for frame in frames if frame.kind == "udp"
                and world.eve.node.ip in (frame.source, frame.target)
                and others & {frame.source, frame.target}]
    with pytest.raises(Refused) as refused:  # nor who meets whom
        list(world.eve.op.list("/n/bob.vps/meet"))
    assert refused.value.code == "EPERM"


def test_when_the_meeting_point_dies(world):
    """What it forwards ends and says why; what is direct goes on; and it all comes back."""
    for chan in ("/chan/through", "/chan/direct"):
        world.den.box("mk", chan)
    with world.loft.op.call("getmem", "/n/den/chan/through", live=True) as through, \
            world.ibiza.op.call("getmem", "/n/den/chan/direct", live=True) as direct:
        for chan, feed in (("/chan/through", through), ("/chan/direct", direct)):
            world.den.op.put(chan, "first")  # what has begun is not asked for again
            assert next(feed.chunks()) == b"first"
        world.vps.boxd.kill(signal.SIGKILL)
        with pytest.raises(Refused) as refused:
            through.read()
        assert refused.value.code == "ELOST"
        assert re.search(r"den has not answered for \d s through the meeting point bob.vps",
                         refused.value.sentence)
        world.den.op.put("/chan/direct", "still here")
        assert next(direct.chunks()) == b"still here"
    assert state(world.ibiza, "/peer/den") == "up"
    world.vps.start_boxd()
    for home in (world.den, world.loft):
        listens(home, 2)
    assert fetch(world.loft, "/n/den/fs/files/small") == b"small"


def test_blocked_udp_is_told_from_a_node_that_is_away(world):
    """loft's network lets no UDP out, den's neither, and eve's machine has a firewall of its own."""
    for name in ("loft", "den"):
        world.lab.firewall(world.routers[name], nat.block_udp("forward"))
    world.lab.firewall(world.eve.node, nat.block_udp("output"))

    def refusal(home, name, wanted):
        # First the connections that there were are found to be dead.
        def said():
            print(home.name, line := home.refused("cp", name, "-", timeout=PATIENCE_S))
            return wanted in line and line

        return wait_for(said, PATIENCE_S, f"{wanted} from {home.name}")

    with concurrent.futures.ThreadPoolExecutor() as pool:
        loft = pool.submit(refusal, world.loft, "/n/den/fs/files/small", "EUDP")
        ibiza = pool.submit(refusal, world.ibiza, "/n/den/fs/files/small", "come to the meeting")
        eve = pool.submit(refusal, world.eve, "/n/bob.vps/null", "EUDP")
    assert "neither den nor the meeting point bob.vps answers" in loft.result()
    assert "EUNREACH" in ibiza.result()
    assert "this machine's firewall lets no UDP out" in eve.result()
