# SPDX-License-Identifier: MIT
"""In whose code the processors are that make a view: perf's samples of each of its processes, by
library, with the functions of those whose names can be trusted.

Debian's libraries keep the names of what they export alone, and perf calls what lies behind one by
it; so functions are named of the kernel, of our own and of libyuv, which exports all. How long a
process runs is measure.py's, which disturbs it less.
"""

import collections
import os
import pathlib
import re
import shutil
import subprocess

from bench.report import table

RATE = 999      # samples a second; no divisor of anything that happens 60 times a second
LEAST = 1.5     # percent of a process, below which a library is not told of
FUNCTION = 0.8  # and a function
OURS, CODEC = "Boxland", "codec"
WHOSE = (
    (OURS, r"box\w+"), (CODEC, r"libx264|libavcodec|libavutil"), ("kernel", r"\[kernel|\[guest"),
    ("libyuv", "libyuv"), ("pixman", "libpixman"), ("wlroots", "libwlroots"),
    ("Wayland", "libwayland|libffi"), ("GStreamer", "libgst|libg(lib|object|module)-"),
    ("ngtcp2", "libngtcp2"), ("GnuTLS", "libgnutls|libnettle|libhogweed"), ("zstd", "libzstd"),
    ("libc", r"libc\.|libm\.|ld-linux|\[vdso\]"))
NAMED = (OURS, "kernel", "libyuv")
SAMPLE = re.compile(r"\s*(\d+)\s+[0-9a-f]+\s+(.*?)\s+\((.*)\)\s*$")


def whose(library):
    """To whom a library belongs."""
    name = library.rpartition("/")[2]
    return next((who for who, pattern in WHOSE if re.match(pattern, name)), name)


def outer_pids(view):
    """{pid as perf sees it: label} of a view's processes."""
    spaces = {node: node.output(["readlink", "/proc/self/ns/pid"])
              for node, _ in view.processes.values()}
    wanted = {(spaces[node], pid): label for label, (node, pid) in view.processes.items()}
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status, space = (path / "status").read_text("utf-8"), os.readlink(path / "ns/pid")
        except OSError:
            continue  # ended meanwhile, or not ours to see
        inner = int(re.search(r"^NSpid:.*\b(\d+)$", status, re.M)[1])
        if (space, inner) in wanted:
            found[int(path.name)] = wanted[space, inner]
    return found


def parse(text, labels):
    """{label: [[whose, samples, {function: samples}], ...]} of perf's script, the most first."""
    counts = collections.defaultdict(lambda: collections.defaultdict(collections.Counter))
    for line in text.splitlines():
        sample = SAMPLE.match(line)
        if sample and int(sample[1]) in labels:
            counts[labels[int(sample[1])]][whose(sample[3])][sample[2]] += 1
    return {label: sorted(([who, functions.total(), dict(functions.most_common(6))]
                           for who, functions in owners.items()), key=lambda part: -part[1])
            for label, owners in counts.items()}


def take(view, seconds, path):
    """The profile of a view over some seconds, kept in path meanwhile; None: perf cannot look."""
    if not shutil.which("perf"):
        return None
    labels = outer_pids(view)
    pids = ",".join(map(str, labels))
    recorded = subprocess.run(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE), "-p", pids, "-o", path, "--",
         "sleep", str(seconds)], capture_output=True, check=False)
    if recorded.returncode != 0:
        return None
    script = subprocess.run(["perf", "script", "-i", path, "-F", "pid,ip,sym,dso"],
                            capture_output=True, text=True, check=False)
    os.unlink(path)
    return parse(script.stdout, labels)


def part_told(part, total):
    """One library's line in a cell."""
    who, samples, functions = part
    named = [f"`{name}` {100 * count / total:.0f}" for name, count in functions.items()
             if who in NAMED and name != "[unknown]" and 100 * count / total >= FUNCTION]
    return f"{who} {100 * samples / total:.0f}" + (f" ({', '.join(named)})" if named else "")


def owners(profile, labels):
    """[(whose, samples)] of some processes together, the most first."""
    counts = collections.Counter()
    for label in labels:
        for who, samples, _ in profile.get(label, []):
            counts[who] += samples
    return counts.most_common()


def told(profile, carriers):
    """In Markdown; carriers: the processes that are held against the codec alone."""
    everything = sum(samples for parts in profile.values() for _, samples, _ in parts)
    rows = []
    for label, parts in profile.items():
        total = sum(samples for _, samples, _ in parts)
        rows.append([label, f"{100 * total / everything:.0f}", ", ".join(
            part_told(part, total) for part in parts if 100 * part[1] / total >= LEAST)])
    rows.sort(key=lambda row: -int(row[1]))
    counts = dict(owners(profile, carriers))
    codec = counts.pop(CODEC, 0)
    beyond = sum(counts.values())
    lines = [table(["process", "% of all", "% of it, by whose code it is"], rows)]
    if codec and beyond:
        shares = ", ".join(f"{who} {100 * samples / beyond:.0f} %"
                           for who, samples in counts.items() if samples >= beyond / 100)
        lines.append(f"What carries the picture, {'; '.join(carriers)}, takes "
                     f"{(codec + beyond) / codec:.2f} times what of it is in the codec's libraries. "
                     f"Whose code is beyond them: {shares}.")
    return "\n\n".join(lines)
