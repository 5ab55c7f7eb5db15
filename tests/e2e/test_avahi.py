# SPDX-License-Identifier: MIT
"""Machines find each other in the local network through Debian's Avahi, by nothing but their keys."""

import signal
import threading

import pytest

from net import avahi
from net.household import Household
from net.place import wait_for

FOUND_S = 90  # on a busy machine; a second where there is nothing else to do


def start(lab, name):
    """A household whose node has a bus and an Avahi."""
    node = lab.node(name, env=avahi.ENV)
    home = Household(node)
    home.bus = avahi.Bus(node)
    home.avahi = avahi.Avahi(node)
    return home.start()


def state(home, node):
    listed = home.box("info", f"/peer/{node}")
    return next(line for line in listed.splitlines() if line.startswith("state"))


def wait_up(home, node):
    wait_for(lambda: state(home, node) == "state up", FOUND_S, f"{node}, seen by {home.name}")


def near(home):
    """{fingerprint: what is said of it} of box ads --near."""
    lines = home.run("ads", "--near").stdout.decode().splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def move(lab, home, number):
    """Another address for a node, as another lease brings it."""
    there = ["nsenter", f"--net={home.node.net}", "ip", "addr"]
    lab.switch.run([*there, "del", f"{home.node.ip}/24", "dev", "eth0"])
    home.node.ip = f"10.77.0.{number}"
    lab.switch.run([*there, "add", f"{home.node.ip}/24", "dev", "eth0"])


@pytest.fixture(scope="module")
def homes(lab):
    """Den and ibiza, paired by their fingerprints and with no address."""
    den, ibiza = start(lab, "den"), start(lab, "ibiza")
    den.box("init", "--person", "ann")
    keys = [home.box("pair", "--fingerprint") for home in (den, ibiza)]
    told = {}

    def wait_for_other():
        told["den"] = den.run("pair", "--mine", "--fingerprint", keys[1], timeout=FOUND_S)

    waiting = threading.Thread(target=wait_for_other, daemon=True)
    waiting.start()
    ibiza.box("pair", "--mine", "--fingerprint", keys[0], timeout=FOUND_S)
    waiting.join()
    assert told["den"].returncode == 0
    return den, ibiza


def test_found_with_no_address_given(homes):
    den, ibiza = homes
    wait_up(ibiza, "den")
    key = den.box("pair", "--fingerprint")
    wait_for(lambda: key in near(ibiza), FOUND_S, "den's key")
    assert near(ibiza)[key].split() == [f"{den.node.ip}:7447", "known", "as", "/n/den"]


def test_network_is_told_no_names(homes):
    """What everybody in the local network may read: the key's hash, the port, Avahi's own host name."""
    den, ibiza = homes
    key = den.box("pair", "--fingerprint")
    told = ibiza.node.output(["avahi-browse", "-rptk", "_boxland._udp"]).splitlines()
    line = next(line.split(";") for line in told if line.startswith("=") and key in line)
    assert line[3] == key[:32] and line[6] == "den.local" and line[8] == "7447"
    assert line[9] == f'"key={key}"'
    assert not [line for line in told if "ann" in line]


def test_stranger_is_near_and_no_more(lab, homes):
    _, ibiza = homes
    key = "ab" * 32
    said = ibiza.node.spawn(["avahi-publish", "-s", key[:32], "_boxland._udp", "1", f"key={key}"])
    try:
        wait_for(lambda: key in near(ibiza), FOUND_S, "the stranger")
        assert near(ibiza)[key].endswith("not known")
        assert not ibiza.has_box(f"/n/{key}")
    finally:
        said.stop()
    wait_for(lambda: key not in near(ibiza), FOUND_S, "the stranger's goodbye")


def test_found_again_at_another_address(lab, homes):
    den, ibiza = homes
    wait_up(ibiza, "den")
    den.boxd.kill(signal.SIGKILL)
    den.boxd.wait()
    wait_for(lambda: state(ibiza, "den").startswith("state down"), FOUND_S, "den to be missed")
    move(lab, den, 150)
    # Only ibiza knows where the other was: den is to be found, not to find.
    den.node.run(["sh", "-c", "sed -i '/^at /d' .local/share/boxland/peers/*"])
    den.start_boxd()
    wait_up(ibiza, "den")
    assert den.node.ip in ibiza.text("/peer/den")


def test_without_avahi_for_a_while(homes):
    """It goes, comes back, stands still: boxd answers all the time, and says it once."""
    den, ibiza = homes
    key = den.box("pair", "--fingerprint")
    wait_for(lambda: key in near(ibiza), FOUND_S, "den's key")
    ibiza.avahi.stop()
    wait_for(lambda: ibiza.boxd.output().count("no Avahi here") == 1, FOUND_S, "the log's line")
    assert ibiza.box("ls", "/n")
    ibiza.avahi.start()
    wait_for(lambda: ibiza.boxd.output().count("found in the local network") == 2, FOUND_S,
             "Avahi to be found again")
    wait_for(lambda: key in near(ibiza), FOUND_S, "den's key")
    for pid in [each["pid"] for each in ibiza.node.find("avahi-daemon")]:
        ibiza.node.signal(pid, signal.SIGSTOP)
    ibiza.boxd.stop(20)
    ibiza.start_boxd()
    assert ibiza.box("ls", "/n")
