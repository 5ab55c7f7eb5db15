# SPDX-License-Identifier: MIT
"""What is read off a view while it runs: numbers seen, bytes on the wire, time of processors.

Watch starts the probe and takes the counters when it begins and when it ends; judge puts its words
beside the counter's log. How a view comes about is ways.py's.
"""

import json
import os
import re
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60  # beyond the time that is measured
WARM_S = 1.0     # the codec's rate and everybody's caches settle


def percentile(values, percent):
    """The value that so many percent do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None


def cpu_s(node, pid):
    """The seconds that a process of a node has run so far, all its threads together."""
    # After the name, which may hold anything but comes in brackets: utime and stime are 14 and 15.
    fields = node.read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def machine_busy_s():
    """The seconds that the machine's processors have worked so far, for anybody."""
    with open("/proc/stat", encoding="ascii") as stat:
        user, nice, system, _, _, irq, soft, steal = map(int, stat.readline().split()[1:9])
    return (user + nice + system + irq + soft + steal) / TICK


def port_bytes(lab, node):
    """The bytes that have passed the node's port of the switch so far, both ways together. Of what
    the kernel carries as one large packet it counts the headers once: some percent are missing."""
    told = lab.switch.output(["ip", "-s", "-j", "link", "show", "dev", node.port])
    stats = json.loads(told)[0]["stats64"]
    return stats["rx"]["bytes"] + stats["tx"]["bytes"]


class Watch:
    """Looks at a view for so many seconds. processes are {label: (node, pid)}; label "counter" is
    the client. lab and port are for what crosses the switch; without, nothing does."""

    def __init__(self, home, window, seconds, processes, lab=None, port=None):
        x, y = re.fullmatch(r"\d+x\d+\+(-?\d+)\+(-?\d+)", home.text(f"{window}/geom")).groups()
        self.processes, self.lab, self.port = dict(processes), lab, port
        self.seconds = seconds
        self.probe = home.client("probe", x, y, str(WARM_S), str(seconds), log="probe",
                                 stdin=subprocess.PIPE)
        self.processes["probe"] = (home.node, self.probe.pid)

    def counters(self):
        """All counters at one time."""
        return {"at": time.monotonic(), "busy": machine_busy_s(),
                "wire": port_bytes(self.lab, self.port) if self.port else None,
                "cpu": {label: cpu_s(*where) for label, where in self.processes.items()}}

    def run(self):
        """Waits until it is over: what was counted, per second."""
        self.probe.wait_output("begin", PATIENCE_S)
        before = self.counters()
        self.probe.wait_output("end", self.seconds + PATIENCE_S)
        after = self.counters()
        self.probe.stdin.close()
        if self.probe.wait() != 0:
            raise RuntimeError(f"the probe failed:\n{self.probe.output()[-2000:]}")
        span = after["at"] - before["at"]
        cpu = {label: 1000 * (after["cpu"][label] - before["cpu"][label]) / span
               for label in before["cpu"]}
        busy = 1000 * (after["busy"] - before["busy"]) / span
        wire = (after["wire"] - before["wire"]) / span if self.port else None
        return {"cpu_ms_s": cpu, "others_ms_s": busy - sum(cpu.values()), "wire_bytes_s": wire}


def parse_seen(text):
    """The probe's words: begin, end, [(number, ns)], how many were unreadable."""
    begin = end = None
    seen, unreadable = [], 0
    for word, when in (line.split() for line in text.splitlines() if not line.startswith("probe:")):
        if word == "begin":
            begin = int(when)
        elif word == "end":
            end = int(when)
        elif word == "unreadable":
            unreadable += 1
        else:
            seen.append((int(word), int(when)))
    return begin, end, seen, unreadable


def parse_log(text):
    """The counter's log: {number: ns of its commit}. A last line may be half written."""
    lines = text.split("\n")[:-1]
    return {int(number): int(when) for number, when in map(str.split, lines)}


def judge(seen_text, log_text):
    """Puts what was shown beside what was drawn."""
    begin, end, seen, unreadable = parse_seen(seen_text)
    committed = parse_log(log_text)
    first = {}
    for number, when in seen:
        first.setdefault(number, when)
    unknown = sorted(set(first) - set(committed))
    if unknown:
        raise RuntimeError(f"numbers were seen that nobody drew: {unknown[:10]}")
    seconds = (end - begin) / 1e9
    delays = [(when - committed[number]) / 1e6 for number, when in first.items()]
    drawn = [when for when in committed.values() if begin <= when <= end]
    return {"seconds": seconds, "shown_per_s": len(first) / seconds,
            "drawn_per_s": len(drawn) / seconds, "unreadable": unreadable,
            "p50_ms": percentile(delays, 50), "p95_ms": percentile(delays, 95),
            "frames": [[number, committed[number], when] for number, when in first.items()]}


def machine():
    """One line: processor, kernel, what the programs are."""
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = re.search(r"model name\s*: (.*)|$", info.read())[1] or os.uname().machine
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {os.uname().release}"


def versions(packages):
    """Of Debian's packages, as they are installed: {package: version}."""
    told = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages],
                          capture_output=True, text=True, check=False).stdout
    return dict(line.split() for line in told.splitlines() if len(line.split()) == 2)
