# SPDX-License-Identifier: MIT
"""How late and how often a remote window is seen, and what that costs: ours, a peer's, the least.

    ./dev bench [picture] [--rounds N] [--seconds S] [--size WxH] [--link LAN|Wi-Fi|WAN|bad]
                [--ways ours,waypipe,floor,local]

A client draws a coded number at each frame (counter.c), a probe reads it from the showing desktop
(probe.c); both use one clock, since all nodes are this machine. The ways are taken in turns, so
that what else the machine does hits all alike. A table in Markdown goes to stdout, a line of JSON
for each run, with every frame's two times, to build/artefacts/bench/picture.jsonl.
"""

import argparse
import json
import sys
import time

from bench import measure, ways
from bench.report import BUILD, lab, spread, table, warning

LINKS = {"LAN": "1 Gbit/s", "WAN40": "200 Mbit/s, 20 ms each way",
         "Wi-Fi": "80 Mbit/s, 3 to 5 ms each way, 0.5 % lost",
         "WAN": "20 Mbit/s, 10 ms each way, 1 % lost",
         "bad": "8 Mbit/s, 40 to 55 ms each way, 3 % lost"}
PACKAGES = ["waypipe", "libx264-164", "libwlroots-0.18", "libngtcp2-16"]


def take(town, name, seconds, picture=None):
    """One run of one way."""
    with ways.WAYS[name](town) as view:
        watch = measure.Watch(view.home, view.window, seconds, view.processes, town.lab, view.port)
        run = watch.run()
        run |= measure.judge(watch.probe.output(), view.source.read_file(view.log).decode())
        run["stats"] = view.stats() if view.stats else None
        if picture:
            view.home.picture().save(picture)
    return {"way": name, **run}


# --- printing ---

def wire_mb(run):
    """Megabytes a second on the wire; None: there is none."""
    return None if run["wire_bytes_s"] is None else run["wire_bytes_s"] / 1e6


def cost(run):
    """Processor time in ms a second of all that makes the view: not the client, not the probe."""
    return sum(ms for label, ms in run["cpu_ms_s"].items() if label not in ("counter", "probe"))


COLUMNS = [("frames/s shown", lambda run: run["shown_per_s"], "{:.1f}"),
           ("drawn", lambda run: run["drawn_per_s"], "{:.1f}"),
           ("commit to shown, p50 ms", lambda run: run["p50_ms"], "{:.1f}"),
           ("p95 ms", lambda run: run["p95_ms"], "{:.1f}"),
           ("wire MB/s", wire_mb, "{:.2f}"),
           ("CPU ms/s", cost, "{:.0f}"),
           ("CPU ms/frame", lambda run: cost(run) / run["shown_per_s"], "{:.1f}")]


def main_table(runs, names):
    """A line for each way."""
    def row(name):
        return [ways.TITLES[name], *(spread(map(of, runs[name]), form) for _, of, form in COLUMNS)]

    return table(["way", *(column[0] for column in COLUMNS)], [row(name) for name in names])


def ratio_table(runs, names):
    """Ours against each other way, in the same round."""
    def ratio(of, one, other):
        return of(one) / of(other) if of(one) is not None and of(other) else None

    def row(name):
        pairs = list(zip(runs["ours"], runs[name]))
        return [ways.TITLES[name], *(spread([ratio(of, *pair) for pair in pairs], "{:.2f}")
                                     for _, of, _ in COLUMNS)]

    return table(["Boxland against", *(column[0] for column in COLUMNS)],
                 [row(name) for name in names if name != "ours"])


def cpu_table(runs, names):
    """A line for each process."""
    labels = {label: None for name in names for label in runs[name][0]["cpu_ms_s"]}
    return table(["process, CPU ms/s", *(ways.TITLES[name] for name in names)],
                 [[label, *(spread([run["cpu_ms_s"].get(label) for run in runs[name]], "{:.0f}")
                            for name in names)]
                  for label in labels])


def report(args, runs, names, begun):
    """The whole, to be pasted."""
    everything = [run for name in names for run in runs[name]]
    cores = [run["others_ms_s"] / 1000 for run in everything]
    told = ", ".join(f"{name} {version}" for name, version in
                     measure.versions(PACKAGES).items())
    print(f"\nA game of {args.size} at 60 Hz over {args.link} ({LINKS.get(args.link, 'as said')}): "
          f"{args.rounds} rounds of {args.seconds:g} s a way, in turns; the median, and the range "
          f"in brackets.\n\n{measure.machine()}; {told}; {begun}. "
          f"What else ran on the machine took {spread(cores, '{:.2f}')} cores meanwhile.\n")
    print(main_table(runs, names), end="\n\n")
    if "ours" in names and len(names) > 1:
        print(ratio_table(runs, names), end="\n\n")
    print(cpu_table(runs, names), end="\n\n")
    unreadable = sum(run["unreadable"] for run in everything)
    warning(cores)
    print("CPU ms/s in the first table leaves out the client and the probe. "
          f"Frames that were no number: {unreadable}.")


def parse(argv=None):
    """The command line."""
    parser = argparse.ArgumentParser(prog="./dev bench picture", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--link", default="LAN", help="a profile of tests/net/wire.c")
    parser.add_argument("--ways", default=",".join(ways.WAYS),
                        help=f"some of {','.join(ways.WAYS)}")
    args = parser.parse_args(argv)
    args.ways = args.ways.split(",")
    if not set(args.ways) <= set(ways.WAYS):
        parser.error(f"--ways takes some of {','.join(ways.WAYS)}")
    return args


def main(argv=None):
    """Measures and prints."""
    args = parse(argv)
    out = BUILD / "artefacts/bench"
    out.mkdir(parents=True, exist_ok=True)
    begun = time.strftime("%Y-%m-%d")
    runs = {name: [] for name in args.ways}
    with open(out / "picture.jsonl", "w", encoding="utf-8") as lines, lab(out / "nodes") as made:
        town = ways.Town(made, args.size, args.link)
        for number in range(1, args.rounds + 1):
            for name in args.ways:
                run = take(town, name, args.seconds, out / f"{name}.png" if number == 1 else None)
                runs[name].append(run)
                lines.write(json.dumps({"round": number, "size": args.size, "link": args.link,
                                        "date": begun, "machine": measure.machine(), **run}) + "\n")
                lines.flush()
                print(f"{number}/{args.rounds} {name}: {run['shown_per_s']:.1f} frames/s, "
                      f"{run['p50_ms']:.1f} ms, {cost(run):.0f} ms/s", file=sys.stderr, flush=True)
    report(args, runs, args.ways, begun)
    print(f"\nevery run: {out / 'picture.jsonl'}", file=sys.stderr)
    return 0
