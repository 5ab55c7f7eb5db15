# SPDX-License-Identifier: MIT
"""What is read off a view while it runs: numbers seen, bytes on the wire, time of processors.

Watch starts the program that looks and takes the counters when it begins and when it ends; judge
puts the probe's words beside the counter's log, answers and distinct make sense of the typist's. How
a view comes about is ways.py's.
"""

import json
import os
import re
import resource
import subprocess
import sys
import time

from bench.report import BUILD, PATH, ROOT

TICK = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 30  # beyond the time that is measured
TRAIN, TRAIN_S = ROOT / "tests/bench/train.py", 3
WARM_S = 1.0     # the codec's rate and everybody's caches settle


def percentile(values, percent):
    """The value that so many percent do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None


def ticks(node, pid):
    """How long a process of a node has run so far, all its threads together, as the kernel counts."""
    # After the name, which may hold anything but comes in brackets: utime and stime are 14 and 15.
    fields = node.read_file(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])


def cpu_s(node, pid):
    """The same in seconds, to the nanosecond: a desktop takes but five ticks in a second."""
    return node.cpu_ns(pid) / 1e9


def switches(node, pid):
    """How often a process has given a processor up by itself so far, all its threads together."""
    threads = node.output(["cat", *(f"/proc/{pid}/task/{thread}/status" for thread in
                                    node.output(["ls", f"/proc/{pid}/task"]).split())])
    return sum(map(int, re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", threads, re.M)))


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
    """Looks at a view with one of the bench's programs (probe, typist), which says begin and end,
    and takes all counters then. view.processes are {label: (node, pid)}; lab is for what crosses
    the switch."""

    def __init__(self, view, argv, lab=None):
        self.lab, self.port = lab, view.port
        self.looker = view.home.client(*argv, stdin=subprocess.PIPE)
        view.stack.callback(self.looker.stop)
        self.processes = {**view.processes, argv[0]: (view.home.node, self.looker.pid)}
        self.before = self.after = self.counted = None

    def counters(self):
        """All counters at one time."""
        return {"at": time.monotonic(), "busy": machine_busy_s(),
                "wire": port_bytes(self.lab, self.port) if self.port else None,
                "cpu": {label: cpu_s(*where) for label, where in self.processes.items()}}

    def begin(self):
        """Waits until it looks."""
        self.looker.wait_output("begin", PATIENCE_S)
        self.before = self.counters()

    def end(self, seconds):
        """Waits until it has looked for so long: what was counted, per second."""
        self.looker.wait_output("end ", seconds + PATIENCE_S)
        self.after = self.counters()
        self.looker.stdin.close()
        if self.looker.wait() != 0:
            raise RuntimeError(f"{self.looker!r} failed:\n{self.looker.output()[-2000:]}")
        before, after = self.before, self.after
        span = after["at"] - before["at"]
        cpu = {label: 1000 * (after["cpu"][label] - before["cpu"][label]) / span
               for label in before["cpu"]}
        busy = 1000 * (after["busy"] - before["busy"]) / span
        wire = (after["wire"] - before["wire"]) / span if self.port else None
        self.counted = {"cpu_ms_s": cpu, "others_ms_s": busy - sum(cpu.values()),
                        "wire_bytes_s": wire, "seconds": span}
        return self.counted

    def run(self, seconds):
        """Looks from beginning to end."""
        self.begin()
        return self.end(seconds)


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
    return {"frame_s": seconds, "shown_per_s": len(first) / seconds,
            "drawn_per_s": len(drawn) / seconds, "unreadable": unreadable,
            "p50_ms": percentile(delays, 50), "p95_ms": percentile(delays, 95),
            "longest_gap_ms": longest_gap_ms([(0, 0, when) for when in sorted(first.values())]),
            "frames": [[number, committed[number], when] for number, when in first.items()]}


def longest_gap_ms(frames):
    """Between two frames that were shown one after the other."""
    shown = [when for _, _, when in frames]
    return max(((b - a) / 1e6 for a, b in zip(shown, shown[1:])), default=None)


def again_ms(frames, mended):
    """From a time until new frames come again, and go on coming: four within 0.3 s; None: never."""
    after = [when for _, _, when in frames if when > mended]
    for first, fourth in zip(after, after[3:]):
        if fourth - first < 300_000_000:
            return (first - mended) / 1e6
    return None


def parse_changes(text):
    """The typist's words: {"key": [ns], "changed": [(ns, strong, any)], "span_s"}."""
    told = {"key": [], "changed": []}
    ends = {}
    for line in text.splitlines():
        word, *numbers = line.split()
        if word == "key":
            told["key"].append(int(numbers[0]))
        elif word == "changed":
            told["changed"].append(tuple(map(int, numbers)))
        elif word in ("begin", "end"):
            ends[word] = int(numbers[0])
    told["span_s"] = (ends["end"] - ends["begin"]) / 1e9
    return told


def answers(text, strong):
    """From each key to the first picture in which so many pixels changed strongly, and to the last
    change of all before the next key."""
    told = parse_changes(text)
    delays, settled, lost = [], [], 0
    for key, following in zip(told["key"], [*told["key"][1:], float("inf")]):
        changes = [change for change in told["changed"] if key < change[0] < following]
        seen = [when for when, changed, _ in changes if changed >= strong]
        if seen:
            delays.append((seen[0] - key) / 1e6)
            settled.append((changes[-1][0] - key) / 1e6)
        else:
            lost += 1
    return {"keys": len(told["key"]), "keys_lost": lost, "key_ms": delays,
            "key_p50_ms": percentile(delays, 50), "key_p95_ms": percentile(delays, 95),
            "key_exact_ms": max(settled, default=None)}


def distinct(text, strong=200):
    """Pictures a second that differ from the one before by so many pixels at least: what a codec
    refines of a picture is no new one."""
    told = parse_changes(text)
    times = [when for when, changed, _ in told["changed"] if changed >= strong]
    return {"distinct_per_s": len(times) / told["span_s"],
            "longest_gap_ms": max(((b - a) / 1e6 for a, b in zip(times, times[1:])), default=None)}


# --- the link alone ---

def link_ms(source, target, size):
    """What a frame of so many bytes takes from one node to another with nothing around it: the
    median in ms of bare UDP (train.py)."""
    receiver = target.spawn([sys.executable, TRAIN, "receive"], log="train")
    try:
        receiver.wait_output("ready ", PATIENCE_S)
        port = re.search(r"ready (\d+)", receiver.output())[1]
        source.run([sys.executable, TRAIN, "send", target.ip, port, str(size), str(TRAIN_S)])
        receiver.wait()
        return percentile([int(ns) / 1e6 for ns in re.findall(r"^\d+$", receiver.output(), re.M)], 50)
    finally:
        receiver.stop()


# --- the codec alone ---

def codec_ms(size, kbit):
    """What boxcast's x264 and boxview's decoder of it cost, in ms of a processor for a frame, with
    nothing around them: the counter's frames at 60 a second, converted beforehand, from a file and
    to nowhere. What it takes to read them is measured too, and taken off."""
    width, height = size.split("x")
    shape = f"width={width} height={height} framerate=60/1"
    encoder = launch_of("boxcast", r'\.launch = ("x264enc .*?),\n\t\t\.')
    decoder = launch_of("boxview", r'("avdec_h264 name=[^"]*")')
    frames, rounds, path = 62, 3, BUILD / "artefacts/bench/codec.i420"
    path.parent.mkdir(parents=True, exist_ok=True)
    gst(f"counter --dump {size} | gst-launch-1.0 -q fdsrc ! rawvideoparse format=bgrx {shape} ! "
        f"videoconvert ! video/x-raw,format=I420 ! filesink location={path}")
    reads = (f"gst-launch-1.0 -q multifilesrc location={path} loop=true num-buffers={rounds} ! "
             f"rawvideoparse format=i420 {shape}")
    threads = min(4, os.cpu_count())
    read = gst(f"{reads} ! fakesink sync=false")
    coded = gst(f"{reads} ! clocksync ! {encoder} bitrate={kbit} ! h264parse ! "
                f"{decoder} max-threads={threads} ! fakesink sync=false")
    path.unlink()
    return 1000 * (coded - read) / (frames * rounds)


def launch_of(program, pattern):
    """The words by which a program starts an element of GStreamer, out of its source."""
    source = "".join(path.read_text("utf-8") for path in ROOT.glob(f"clients/{program}/*.c"))
    launch = re.search(pattern, source, re.S)
    if not launch:
        raise RuntimeError(f"no line of clients/{program} matches {pattern}")
    return "".join(re.findall(r'"(.*?)"', launch[1]))


def gst(line):
    """A shell's line, to its end: the seconds of processors it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(line, shell=True, check=True, env={**os.environ, "PATH": PATH},
                   stdout=subprocess.DEVNULL, timeout=PATIENCE_S)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
