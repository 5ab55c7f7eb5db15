# SPDX-License-Identifier: MIT
"""Machines that know each other and have nothing to do: they sleep between keep-alives."""

from bench import op
from net.household import Household, pair
from net.place import wait_for


SENT = 6  # keep-alives and their answers that are looked at


def traced(homes):
    """What strace saw of the boxds, each for some keep-alives."""
    traces = [f"{home.node.home}/trace" for home in homes]
    tracers = [home.node.spawn(["strace", "-f", "-p", str(home.boxd.pid), "-o", trace])
               for home, trace in zip(homes, traces)]
    for tracer in tracers:
        tracer.wait_output("attached")
    for home, trace in zip(homes, traces):
        wait_for(lambda: home.node.read_file(trace).count(b"sendmmsg(") >= SENT, 30, "keep-alives")
    for tracer in tracers:
        tracer.stop()
    return [home.node.read_file(trace).decode() for home, trace in zip(homes, traces)]


def slept(homes):
    """Whether each woke up for keep-alives alone, and answered one in the wake-up that brought it: who
    asks wakes to ask and for the answer, who is asked once, and now and then somebody wants to know
    that an answer came."""
    for home, trace in zip(homes, traced(homes)):
        count, beyond = op.wake_ups(trace, home.boxd.pid)
        sent = trace.count("sendmmsg(")
        if count < SENT or beyond > 0 or count > 1.8 * sent + 1:
            print(f"{home.name}: {count} wake-ups, {beyond} for nothing, {sent} times sent")
            return False
    return True


def test_quiet_machines_sleep_between_keep_alives(lab):
    homes = [Household(lab.node(name), boxd_conf="advertise no\n").start() for name in ("den", "ibiza")]
    homes[0].box("init", "--person", "ann")
    pair(*homes, mine=True)
    wait_for(lambda: all("/n/" in home.box("ads") for home in homes), 30, "ads")
    wait_for(lambda: slept(homes), 60, "both to sleep, once what was asked before has had its time")
