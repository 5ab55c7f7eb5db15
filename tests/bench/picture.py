# SPDX-License-Identifier: MIT
"""How late and how often a remote window is seen, and what that costs: ours, a peer's, the least.

    ./dev bench [picture] [--content motion,typing,still,cut,play] [--links LAN,Wi-Fi,WAN,bad]
                [--ways ours,waypipe-none,waypipe-lz4,waypipe-zstd,rdp,vnc,floor,local,...]
                [--rounds N] [--seconds S] [--minutes M] [--size WxH]
    ./dev bench [picture] --report [FILE] [--pictures FOLDER]    of the runs that were kept

Contents are contents.py's, ways are ways.py's; all nodes are this machine, and so is the clock. What
is measured is taken in turns, content by link by way, round after round until the rounds are done or
the minutes over, so that what else the machine does hits all alike. Each run is kept at once, as a
line of JSON in build/artefacts/bench/picture.jsonl; one that fails says why, and the rest goes on.
Then a report in Markdown goes to stdout (tables.py), its curves to FOLDER (charts.py).
"""

import argparse
import contextlib
import json
import sys
import time

from bench import charts, contents, measure, tables, ways
from bench.report import BUILD, lab

OUT = BUILD / "artefacts/bench"
PACKAGES = ["waypipe", "libx264-164", "libwlroots-0.18", "libngtcp2-16", "weston", "freerdp3-sdl",
            "sway", "wayvnc", "gvncviewer", "foot", "chocolate-doom"]


class Towns:
    """The machines for each size and link, made when first wanted and anew after a failure."""

    def __init__(self, out):
        self.out, self.made = out, {}

    def get(self, size, link):
        """A town."""
        if (size, link) not in self.made:
            stack = contextlib.ExitStack()
            with contextlib.ExitStack() as guard:
                guard.push(stack)
                made = stack.enter_context(lab(self.out / f"{link}-{size}"))
                town = ways.Town(made, size, link)
                guard.pop_all()
            self.made[size, link] = (town, stack)
        return self.made[size, link][0]

    def drop(self, size, link):
        """Ends one, if there is one."""
        _, stack = self.made.pop((size, link), (None, None))
        if stack:
            stack.close()

    def close(self):
        """Ends them all."""
        for size, link in list(self.made):
            self.drop(size, link)


def plan(args):
    """What to measure in which order: (round, content, link, way). In each round what is known
    to be slow, peers over far links, is last: when time is over, that is what lacks a round."""
    steps = []
    for number in range(1, args.rounds + 1):
        for name in args.content:
            content = contents.CONTENTS[name]
            for link in content.links:
                for way in content.ways:
                    unlinked = way in contents.UNLINKED
                    if (number <= content.rounds and link in args.links and way in args.ways
                            and (not unlinked or link == content.links[0])):
                        steps.append((number, name, link, way))
    far = [step for step in steps if step[2] != "LAN" and step[3] in ways.PEERS]
    return sorted(steps, key=lambda step: (step[0], step in far))


def take(towns, args, step):
    """One run: its figures, or why there are none."""
    number, name, link, way = step
    content = contents.CONTENTS[name]
    size = args.size or content.size
    seconds = args.seconds or content.seconds
    begun = time.monotonic()
    try:
        run = content.take(towns.get(size, link), way, seconds, OUT if number == 1 else None)
    except (OSError, RuntimeError, AssertionError, LookupError, ValueError) as error:
        with contextlib.suppress(OSError, RuntimeError):
            towns.drop(size, link)
        run = {"failed": f"{type(error).__name__}: {error}"}
    return {"round": number, "content": name, "link": link, "way": way, "size": size, **run,
            "took_s": round(time.monotonic() - begun, 1)}


def sentence(run):
    """What one run came to, for whoever waits."""
    if "failed" in run:
        return "failed: " + run["failed"].strip().replace("\n", "\n    ")
    return ", ".join(f"{key.removesuffix('_ms')} {run[key]:.1f} ms" if key.endswith("_ms")
                     else f"{key.replace('_', ' ')} {run[key]:.1f}"
                     for key in ("shown_per_s", "p50_ms", "p95_ms", "moving_again_ms", "key_p50_ms",
                                 "key_p95_ms", "distinct_per_s", "wire_bytes_s")
                     if run.get(key) is not None) + f" ({run['took_s']} s)"


def measure_all(args, lines):
    """All of the plan that there is time for; (runs, how many were left)."""
    runs, steps, towns = [], plan(args), Towns(OUT / "nodes")
    deadline = time.monotonic() + 60 * args.minutes
    for path in OUT.glob("strip-*.png"):
        path.unlink()
    try:
        for count, step in enumerate(steps):
            if time.monotonic() > deadline:
                return runs, len(steps) - count
            run = take(towns, args, step)
            runs.append(run)
            lines.write(json.dumps(run) + "\n")
            lines.flush()
            print(f"{count + 1}/{len(steps)} {' '.join(map(str, step))}: {sentence(run)}",
                  file=sys.stderr, flush=True)
    finally:
        towns.close()
    return runs, 0


def some_of(known):
    """A list of words, each of them known."""
    def parse(text):
        words = text.split(",")
        if not set(words) <= set(known):
            raise argparse.ArgumentTypeError(f"some of {','.join(known)}")
        return words
    return parse


def parse_args(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="./dev bench picture", description=__doc__.splitlines()[0])
    for option, known in (("--content", contents.CONTENTS), ("--links", contents.ALL),
                          ("--ways", ways.WAYS)):
        parser.add_argument(option, type=some_of(known), default=list(known),
                            help=f"some of {','.join(known)}")
    parser.add_argument("--rounds", type=int, default=5, help="of each; some take fewer")
    parser.add_argument("--seconds", type=float, help="that each is looked at")
    parser.add_argument("--minutes", type=float, default=25, help="after which nothing is begun")
    parser.add_argument("--size", help="of the window, WxH")
    parser.add_argument("--report", nargs="?", const=str(OUT / "picture.jsonl"),
                        help="print the report of a file of runs, and measure nothing")
    parser.add_argument("--pictures", default=str(OUT), help="where curves and strips go")
    return parser.parse_args(argv)


def read(path):
    """A file of runs: (what was said of the machine, runs)."""
    with open(path, encoding="utf-8") as lines:
        about, *runs = map(json.loads, lines)
    return about, runs


def main(argv=None):
    """Measures, keeps, and prints."""
    args = parse_args(argv)
    OUT.mkdir(parents=True, exist_ok=True)
    if args.report:
        about, runs = read(args.report)
    else:
        about = {"machine": measure.machine(), "versions": measure.versions(PACKAGES),
                 "date": time.strftime("%Y-%m-%d")}
        with open(OUT / "picture.jsonl", "w", encoding="utf-8") as lines:
            lines.write(json.dumps(about) + "\n")
            runs, left = measure_all(args, lines)
        print(f"every run: {OUT / 'picture.jsonl'}"
              + (f"; there was no time for {left} more" if left else ""), file=sys.stderr)
    print(tables.report(about, runs))
    charts.draw(runs, args.pictures, OUT)
    return 0 if any("failed" not in run for run in runs) else 1
