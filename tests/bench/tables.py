# SPDX-License-Identifier: MIT
"""What the runs of the picture bench come to, in Markdown: a table for each content and link, and
beneath it what was asked, what was measured, and whether it was met.

A cell is the median of the rounds, and the range in brackets. Ratios to a peer are of the same
round. A content or way of which there are no runs is left out. The curves are charts.py's.
"""

import re
import statistics

from bench import profile, ways
from bench.report import BUSY, spread, table

# As tests/net/wire.c has them: Mbit/s, one way ms, jitter ms.
LINKS = {"LAN": (1000, 0, 0), "Wi-Fi": (80, 3, 2), "WAN": (20, 10, 0), "bad": (8, 40, 15)}
ABOUT = {"LAN": "1 Gbit/s", "Wi-Fi": "80 Mbit/s, 3 to 5 ms each way, 0.5 % lost",
         "WAN": "20 Mbit/s, 10 ms each way, 1 % lost",
         "bad": "8 Mbit/s, 40 to 55 ms each way, 3 % lost"}
FRAME_MS = 1000 / 60
FREEZE_MS = {"Wi-Fi": 150, "WAN": 250, "bad": 600}
AGAIN_MS = {"LAN": 500, "Wi-Fi": 500, "WAN": 800, "bad": 1500}
GAME_PER_S = 35
PLAY = {"LAN": 0.95, "Wi-Fi": 0.95, "WAN": 0.8, "bad": 0.5}
CARRIERS = ("boxcast", "boxview", "boxd, drawing", "boxd, showing")
LOOKERS = ("client", "probe", "typist")
# as boxcast names them, and what is over with each
STAGES = {"commit": "committed until captured", "capture": "until in boxcast", "encode": "until encoded",
          "send": "until sent", "way": "until all of it is in boxview",
          "wait": "until the decoder takes it", "decode": "until decoded",
          "draw": "until given to the desktop", "show": "until shown"}
MEDIAN, HIGH, MEAN = range(3)  # of what is told of a stage


class Runs:
    """What was measured, to be asked for."""

    def __init__(self, runs):
        self.failed = [run for run in runs if "failed" in run]
        self.runs = [run for run in runs if "failed" not in run]

    def of(self, content, link, way):
        """The runs of a way, by their round."""
        return {run["round"]: run for run in self.runs
                if (run["content"], run["link"], run["way"]) == (content, link, way)}

    def values(self, content, link, way, key):
        """One figure of each: key names it or reckons it from a run."""
        reckon = key if callable(key) else lambda run: run.get(key)
        told = map(reckon, self.of(content, link, way).values())
        return [value for value in told if value is not None]

    def median(self, *where):
        """Of values(); None: there are none."""
        values = self.values(*where)
        return statistics.median(values) if values else None

    def ratio(self, content, link, one, other, key):
        """The median of one way's to another's in the same round; None: no round has both."""
        reckon = key if callable(key) else lambda run: run.get(key)
        ones, others = self.of(content, link, one), self.of(content, link, other)
        pairs = [(reckon(ones[number]), reckon(others[number])) for number in ones
                 if number in others]
        ratios = [a / b for a, b in pairs if a is not None and b]
        return statistics.median(ratios) if ratios else None

    def links(self, content):
        """Those of a content that were measured."""
        return [link for link in LINKS
                if any((run["content"], run["link"]) == (content, link) for run in self.runs)]

    def ways(self, content, link):
        """Those of a content that were measured over a link."""
        return [way for way in ways.WAYS if self.of(content, link, way)]


class Limits:
    """What is asked, beside what was measured."""

    def __init__(self):
        self.rows = []

    def add(self, what, asked, measured, met, form="{:.1f}"):
        """met: whether it is, or None where only the number is wanted."""
        if measured is None:
            return
        said = {True: "met", False: "**not met**", None: "–"}[met]
        self.rows.append([what, asked, form.format(measured), said])

    def most(self, what, measured, limit, form="{:.1f}", why=""):
        """At most so much."""
        if measured is not None and limit is not None:
            self.add(what, f"≤ {form.format(limit)}{why}", measured, measured <= limit, form)

    def least(self, what, measured, limit, form="{:.1f}", why=""):
        """At least so much."""
        if measured is not None and limit is not None:
            self.add(what, f"≥ {form.format(limit)}{why}", measured, measured >= limit, form)

    def __str__(self):
        return table(["what was asked", "limit", "measured", ""], self.rows) if self.rows else ""


def cost(run, labels=None):
    """Processor time in ms a second of all that makes the view, or of some of it."""
    return sum(ms for label, ms in run["cpu_ms_s"].items()
               if (label in labels if labels else label not in LOOKERS))


def frame_cost(*labels):
    """The same for a frame that was shown."""
    return lambda run: cost(run, labels) / run["shown_per_s"] if run["shown_per_s"] else None


def coded_cost(run):
    """Processor time of what carries the picture, in ms for a frame that is coded, shown or not: a
    bare codec's are not shown either. None: boxcast does not say how many."""
    told = re.search(r"^fps ([\d.]+)$", run.get("stats") or "", re.M)
    return cost(run, CARRIERS) / float(told[1]) if told and float(told[1]) else None


def wire_mb(run):
    """Megabytes a second on the wire; None: there is none."""
    return None if run.get("wire_bytes_s") is None else run["wire_bytes_s"] / 1e6


MOTION = [("frames/s shown", "shown_per_s", "{:.1f}"), ("age p50, ms", "p50_ms", "{:.1f}"),
          ("p95, ms", "p95_ms", "{:.1f}"), ("longest gap, ms", "longest_gap_ms", "{:.0f}"),
          ("wire MB/s", wire_mb, "{:.2f}"), ("CPU ms/s", cost, "{:.0f}"),
          ("CPU ms/frame", lambda run: cost(run) / max(run["shown_per_s"], 0.1), "{:.1f}")]
TYPING = [("key to glyph p50, ms", "key_p50_ms", "{:.1f}"), ("p95, ms", "key_p95_ms", "{:.1f}"),
          ("last change, ms", "key_exact_ms", "{:.1f}"),
          ("bytes a key", "wire_bytes_key", "{:.0f}"),
          ("scrolling, MB", lambda run: run["scroll_bytes"] / 1e6, "{:.2f}"),
          ("pictures of it", "scroll_pictures", "{:.0f}"),
          ("still after, ms", "scroll_exact_ms", "{:.0f}")]
PLAYED = [("distinct frames/s", "distinct_per_s", "{:.1f}"),
          ("longest gap, ms", "longest_gap_ms", "{:.0f}"),
          ("key to picture p50, ms", "key_p50_ms", "{:.0f}"), ("p95, ms", "key_p95_ms", "{:.0f}"),
          ("wire MB/s", wire_mb, "{:.2f}")]


def main_table(runs, content, link, columns):
    """A line for each way."""
    return table(["way", *(column[0] for column in columns)],
                 [[ways.TITLES[way], *(spread(runs.values(content, link, way, key), form)
                                       for _, key, form in columns)]
                  for way in runs.ways(content, link)])


def ratio_table(runs, content, link, columns):
    """Ours to each other way, in the same round."""
    others = [way for way in runs.ways(content, link) if way != "ours"]
    if "ours" not in runs.ways(content, link) or not others:
        return ""

    def cell(way, key):
        ratio = runs.ratio(content, link, "ours", way, key)
        return "–" if ratio is None else f"{ratio:.3f}" if ratio < 0.1 else f"{ratio:.2f}"

    return table(["Boxland to", *(column[0] for column in columns)],
                 [[ways.TITLES[way], *(cell(way, key) for _, key, _ in columns)]
                  for way in others])


def cpu_table(runs, content, link):
    """A line for each process."""
    names = runs.ways(content, link)
    labels = {label: None for name in names for run in runs.of(content, link, name).values()
              for label in run["cpu_ms_s"] if label not in LOOKERS}

    def cell(label, name):
        return spread(runs.values(content, link, name, lambda run: run["cpu_ms_s"].get(label)),
                      "{:.0f}")

    return table(["process, CPU ms/s", *(ways.TITLES[name] for name in names)],
                 [[label, *(cell(label, name) for name in names)] for label in labels])


# --- what is asked ---

def best(runs, content, link, key, among, pick=max):
    """The best peer's median: (what, who); (None, None): there is none."""
    told = [(runs.median(content, link, way, key), way) for way in among]
    told = [pair for pair in told if pair[0] is not None]
    return pick(told) if told else (None, None)


def motion_limits(runs, link):
    """Of motion over a link, and of what is cut there."""
    limits, where = Limits(), ("motion", link, "ours")
    mbit, delay, jitter = LINKS[link]
    shown = runs.median(*where, "shown_per_s")
    peer, who = best(runs, "motion", link, "shown_per_s", ways.PEERS)
    if shown is not None and peer is not None:
        more = peer < 58
        limits.add("frames/s shown", f"{'>' if more else '≥'} the best peer's "
                   f"({ways.TITLES[who]}: {peer:.1f})", shown,
                   shown > peer if more else shown >= 0.99 * peer)
    for key, spare in (("p50_ms", delay + 4), ("p95_ms", delay + jitter + FRAME_MS)):
        least = runs.median("motion", "LAN", "floor", key)
        limits.most(f"age {key[:3]}, ms", runs.median(*where, key), least and least + spare,
                    why=f" (the floor's {least:.1f} + {spare:.1f})" if least else "")
    alone, floor = runs.median(*where, "link_ms"), runs.median("motion", "LAN", "floor", "p50_ms")
    if alone is not None and floor is not None:
        limits.add(f"the same, with what {runs.median(*where, 'frame_bytes') / 1000:.1f} kB take over this "
                   "link as bare UDP", f"{floor + alone + 4:.1f} (the floor's {floor:.1f} + {alone:.1f} + 4)",
                   runs.median(*where, "p50_ms"), None)
    wire = runs.median(*where, wire_mb)
    limits.most("wire MB/s", wire, 0.8 * mbit / 8, "{:.2f}", " (0.8 of the link)")
    if link == "LAN":
        limits.most("wire, to waypipe lz4's", runs.ratio("motion", link, "ours", "waypipe-lz4",
                                                        wire_mb), 0.05, "{:.4f}")
    gaps = runs.values(*where, "longest_gap_ms")
    if link in FREEZE_MS:
        limits.most("longest freeze of all rounds, ms", max(gaps, default=None), FREEZE_MS[link],
                    "{:.0f}")
    limits.most("moving again after a cut of 2 s, ms",
                runs.median("cut", link, "ours", "moving_again_ms"), AGAIN_MS[link], "{:.0f}")
    if link == "LAN":
        cpu_limits(runs, limits)
    return limits


def cpu_limits(runs, limits):
    """What motion costs beside what it must."""
    carried = runs.median("motion", "LAN", "ours", coded_cost)
    bare = runs.median("motion", "LAN", "ours", "codec_ms_frame")
    limits.most("boxcast, boxview, both boxd: CPU ms/frame coded", carried, bare and 1.25 * bare,
                "{:.2f}", f" (1.25 × the bare codec's {bare:.2f})" if bare else "")
    other = runs.median("motion", "LAN", "sway", frame_cost("sway, showing"))
    copied = runs.median("motion", "LAN", "sway-capture", frame_cost("sway, showing"))
    if other is None:
        return
    limits.most("showing boxland: CPU ms/frame",
                runs.median("motion", "LAN", "ours", frame_cost("boxland, showing")), 1.1 * other,
                "{:.2f}", f" (1.1 × sway's {other:.2f})")
    if copied is not None:
        capture = max(0, copied - other)
        drawing = runs.median("motion", "LAN", "ours", lambda run:
                              cost(run, ("boxland, drawing",)) / max(run["drawn_per_s"], 0.1))
        limits.most("source boxland: CPU ms/frame", drawing, 1.1 * other + capture, "{:.2f}",
                    f" (the same + one capture of {capture:.2f})")


def typing_limits(runs, link):
    """Of text."""
    limits, where = Limits(), ("typing", link, "ours")
    pipes = list(ways.WAYPIPES)
    for key, spare in (("key_p50_ms", 2), ("key_p95_ms", 8)):
        least, _ = best(runs, "typing", link, key, pipes, min)
        limits.most(f"key to glyph {key[4:7]}, ms", runs.median(*where, key),
                    least and least + spare, why=f" (waypipe's {least:.1f} + {spare})" if least else "")
    for key, what in (("key_exact_ms", "a key"), ("scroll_exact_ms", "scrolling")):
        limits.most(f"exact after {what}, ms", max(runs.values(*where, key), default=None), 300,
                    "{:.0f}")
    wrong = runs.values(*where, lambda run: run["exact"] if isinstance(run["exact"], int) else 1e9)
    limits.most("pixels that differ from the source's then", max(wrong, default=None), 0, "{:.0f}")
    for key, what in (("wire_bytes_key", "a key"), ("scroll_bytes", "scrolling")):
        limits.most(f"bytes of {what}", runs.median(*where, key),
                    runs.median("typing", link, "waypipe-zstd", key), "{:.0f}", " (waypipe zstd's)")
    return limits


def still_limits(runs, link):
    """Of a page that rests."""
    limits = Limits()
    for run in runs.of("still", link, "ours").values():
        part = run["seconds"] / 60
        for label in ("boxcast", "boxview", "boxland, drawing"):
            limits.most(f"{label}: CPU ticks", run["ticks"][label], 0, "{:.0f}")
            limits.most(f"{label}: voluntary switches", run["switches"][label], 2 * part, "{:.0f}")
        for label in ("boxd, drawing", "boxd, showing"):
            limits.most(f"{label}: voluntary switches", run["switches"][label], 100 * part, "{:.0f}")
            limits.add(f"{label}: CPU ticks", "", run["ticks"][label], None, "{:.0f}")
        limits.add("boxland, showing: CPU ticks", "", run["ticks"]["boxland, showing"], None,
                   "{:.0f}")
        limits.most("wire, bytes/s", run["wire_bytes_s"], 200, "{:.0f}")
        limits.most("pixels that differ from the source's", run["exact"], 0, "{:.0f}")
    return limits


def play_limits(runs, link):
    """Of the real game."""
    limits = Limits()
    limits.least("distinct frames/s", runs.median("play", link, "ours", "distinct_per_s"),
                 PLAY[link] * GAME_PER_S, why=f" ({PLAY[link]:.0%} of {GAME_PER_S})")
    for part in ("p50", "p95"):
        limits.add(f"key to changed picture {part}, ms", "printed",
                   runs.median("play", link, "ours", f"key_{part}_ms"), None, "{:.0f}")
    return limits


# --- where the time goes ---

def stage_ms(name, which):
    """A stage's time in boxcast's last two seconds, from what it says of itself."""
    def reckon(run):
        told = re.search(rf"^{name}-us (\d+) (\d+) (\d+)$", run.get("stats") or "", re.M)
        return int(told[1 + which]) / 1000 if told else None
    return reckon


def stage_table(runs):
    """The stages over each link, their sum, and what the probe saw. Means, as medians do not sum."""
    links = runs.links("motion")
    rows = []

    def line(what, key):
        rows.append([what, *(spread(runs.values("motion", link, "ours", key), "{:.1f}")
                             for link in links)])

    def summed(run):
        parts = [stage_ms(name, MEAN)(run) for name in STAGES]
        return None if None in parts else sum(parts)

    for name, what in STAGES.items():
        line(what, stage_ms(name, MEAN))
    line("**sum**", summed)
    line("committed until shown, in-band: p50", stage_ms("total", MEDIAN))
    line("as the probe sees it: p50", "p50_ms")
    line("in-band: p95", stage_ms("total", HIGH))
    line("as the probe sees it: p95", "p95_ms")
    return table(["stage, mean in ms", *links], rows)


# --- all of it ---

CONTENTS = [
    ("motion", "A game of {size} at 60 Hz", MOTION, motion_limits),
    ("typing", "A terminal of {size}: keys, then 120 lines that scroll at 60 a second", TYPING,
     typing_limits),
    ("still", "A page of {size} at rest for {seconds:.0f} s", None, still_limits),
    ("play", "chocolate-doom at {size}: its recorded game, then a key for the map", PLAYED,
     play_limits),
]


def section(runs, content, title, columns, limits_of):
    """Everything of one content."""
    parts = []
    for link in runs.links(content):
        one = next(run for run in runs.runs if (run["content"], run["link"]) == (content, link))
        rounds = max(len(runs.of(content, link, way)) for way in runs.ways(content, link))
        parts.append(f"#### {title.format(**{'seconds': 0, **one})}: {link}, {ABOUT[link]}; "
                     f"rounds: {rounds}")
        if columns:
            parts.append(main_table(runs, content, link, columns))
            parts.append(ratio_table(runs, content, link, columns))
        parts.append(str(limits_of(runs, link)))
    return parts


def report(about, runs):
    """The whole, to be pasted."""
    runs = Runs(runs)
    busy = [run["others_ms_s"] / 1000 for run in runs.runs if "others_ms_s" in run]
    told = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    parts = [f"{about['machine']}; {told}; {about['date']}. The median of the rounds, taken in turns, "
             "and the range in brackets. What else ran on the machine took "
             f"{spread(busy, '{:.2f}')} cores meanwhile. CPU leaves out the client and who looks."]
    if busy and statistics.median(busy) > BUSY:
        parts.append("**The machine was busy with other things: what hung on a free processor is "
                     "worse here than it is. Run it again on a quiet machine before quoting it.**")
    for entry in CONTENTS:
        parts += section(runs, *entry)
    if runs.links("motion"):
        parts += ["#### Where a frame's time goes, measured in-band", stage_table(runs)]
        parts += ["#### Who spends it", cpu_table(runs, "motion", runs.links("motion")[0])]
        parts += [profile.told(told, CARRIERS)
                  for told in runs.values("motion", "LAN", "ours", "profile")]
    if runs.failed:
        parts.append("Runs that failed: " + "; ".join(
            f"{run['content']} {run['link']} {run['way']} (round {run['round']}): "
            f"{run['failed'].splitlines()[0]}" for run in runs.failed))
    return "\n\n".join(part for part in parts if part)
