# SPDX-License-Identifier: MIT
"""Machines that know each other and have nothing to do: they sleep between keep-alives."""

from bench import op
from net.household import Household, pair
from net.place import wait_for


def slept(home):
    """Whether a boxd, for some keep-alives, woke up for these alone."""
    trace = f"{home.node.home}/trace"
    tracer = home.node.spawn(["strace", "-f", "-p", str(home.boxd.pid), "-o", trace])
    tracer.wait_output("attached")
    wait_for(lambda: home.node.read_file(trace).count(b"sendmmsg(") > 3, 30, "keep-alives")
    tracer.stop()
    count, beyond = op.wake_ups(home.node.read_file(trace).decode(), home.boxd.pid)
    return count > 4 and beyond == 0


def test_quiet_machines_sleep_between_keep_alives(lab):
    homes = [Household(lab.node(name), boxd_conf="advertise no\n").start() for name in ("den", "ibiza")]
    homes[0].box("init", "--person", "ann")
    pair(*homes, mine=True)
    wait_for(lambda: all("/n/" in home.box("ads") for home in homes), 30, "ads")
    wait_for(lambda: slept(homes[0]), 60, "one to sleep, once what was asked before has had its time")
