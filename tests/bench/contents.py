# SPDX-License-Identifier: MIT
"""What is shown while it is measured, each a client and what is read off its view.

    motion  a game of 1280x720 at 60 Hz (counter.c): frames, their age, bytes, processors
    cut     the same; 2 s of it the link carries nothing, and then how long until it moves again
    typing  foot of 1920x1080: a key pressed at the viewer until its glyph is seen, bytes; then a
            text that scrolls, bytes, and until when the last of it is exact
    still   foot of 1920x1080 with a page of text that nobody touches: what that costs
    play    chocolate-doom's first recorded game, which plays itself: distinct frames; then a level
            in which nothing moves and a key shows the map: key to changed picture

CONTENTS[name].take(town, way, seconds, out) gives one run's figures, to be kept as JSON; pictures
of it go to out, unless that is None.
"""

import dataclasses
import re
import time

from bench import measure, profile, ways
from net.place import wait_for

FONT = "monospace:pixelsize=18"
PAPER = (246, 240, 214) # foot's background, by which it is found in what is shown
NEAR = 10             # of 255, that a codec may make of it
PROFILE_S = 6
CUT_S, AFTER_S = 2, 3.5
KEYS = ["30", "31", "32", "33"]  # asdf
TAB = ["15"]
GLYPH = 20    # pixels that change strongly with a glyph
MAP = 20_000  # and with doom's map
LINES, LINES_PER_S = 120, 60
LOW = 240     # pixels at the foot of the page: all of what scrolls passes there
DOOM = ["/usr/games/chocolate-doom", "-iwad", "/usr/share/games/doom/freedoom1.wad", "-window",
        "-geometry", "960x720", "-nosound", "-nomouse"]
DOOM_ENV = {"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy",
            "SDL_RENDER_DRIVER": "software"}
TEXT = "tests/bench/page.py"


@dataclasses.dataclass
class Content:
    """Something to show."""

    size: str
    ways: list     # by which it is shown
    links: list    # over which; the first is that of ways that use none
    rounds: int    # at most
    take: object   # take(town, way, seconds, out): figures of one run
    seconds: float # that are looked at


# --- where it is in what is shown ---

def find_code(picture):
    """Where the counter's strip is: (x, y); None: nowhere."""
    import numpy

    green = numpy.asarray(picture)[:, :, 1].astype(int)
    height, width = green.shape
    found, ones = numpy.ones((height - 32, width - 256), bool), 0
    for bit in range(16):
        columns = slice(16 * bit + 8, 16 * bit + 8 + width - 256)
        difference = green[8:height - 24, columns] - green[24:height - 8, columns]
        found &= abs(difference) > 96
        ones = ones + (difference > 0)
    found &= (ones > 0) & (ones < 16)  # no edge of something black or white
    # True wherever the middles still are within their squares, 8 before to 7 after: 16 by 16 places.
    block = numpy.lib.stride_tricks.sliding_window_view(found, (16, 1)).all(axis=(2, 3))
    block = numpy.lib.stride_tricks.sliding_window_view(block, (1, 16)).all(axis=(2, 3))
    rows, columns = numpy.nonzero(block)
    return (int(columns[0]) + 8, int(rows[0]) + 8) if len(rows) else None


def find_paper(picture, size):
    """Where foot's page is: (x, y, width, height); None: nowhere of that size yet."""
    import numpy

    near = (abs(numpy.asarray(picture).astype(int) - PAPER) <= NEAR).all(axis=2)
    rows = numpy.nonzero(near.sum(axis=1) > 200)[0]
    columns = numpy.nonzero(near.sum(axis=0) > 100)[0]
    if len(rows) == 0 or len(columns) == 0:
        return None
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) - x + 1, int(rows[-1]) - y + 1
    return (x, y, width, height) if f"{width}x{height}" == size else None


def found(view, find, what):
    """Waits until something is in what is shown, where."""
    try:
        return wait_for(lambda: find(ways.shot(view.home)), ways.PATIENCE_S, what)
    except TimeoutError as error:
        raise TimeoutError(f"{error} in what {view.home.name} shows") from None


# --- motion ---

def counter(source, size):
    """The moving client; it logs into its home."""
    return ways.Client("org.boxland.counter", ["counter", size, f"{source.node.home}/counter"])


def source_of(town, way):
    """On whose machine a way has its client."""
    if way == "floor":
        return town.floor()[0]
    return town.ibiza if way in ("local", "sway", "sway-capture") else town.den


def moving(town, way):
    """The view of the counter by a way."""
    return ways.WAYS[way](town, counter(source_of(town, way), town.size))


def log_of(view):
    """The counter's log."""
    return view.source.node.read_file(f"{view.source.node.home}/counter").decode()


def motion(town, way, seconds, out):
    """Frames that move."""
    with moving(town, way) as view:
        at = found(view, find_code, "the moving picture")
        whole = town.size.split("x") if view.copied else []
        watch = measure.Watch(view, ["probe", *map(str, at), str(measure.WARM_S), str(seconds),
                                     *whole], town.lab)
        run = watch.run(seconds)
        run |= measure.judge(watch.looker.output(), log_of(view))
        run["stats"] = view.stats() if view.stats else None
        if out:
            strip(view, at, town.size, out, f"{town.link}-{way}")
        if out and way == "ours" and town.link == "LAN":
            run["profile"] = profile.take(view, PROFILE_S, out / "perf.data")
    if way == "ours":
        coded = {name: float(re.search(rf"^{name} ([\d.]+)$", run["stats"], re.M)[1])
                 for name in ("bits-per-second", "fps")}
        run["frame_bytes"] = int(coded["bits-per-second"] / 8 / max(coded["fps"], 1))
        run["link_ms"] = measure.link_ms(town.den.node, town.ibiza.node, run["frame_bytes"])
    if way == "ours" and town.link == "LAN":
        kbit = int(re.search(r"^rate (\d+)$", run["stats"], re.M)[1]) // 1000
        run |= {"codec_kbit": kbit, "codec_ms_frame": measure.codec_ms(town.size, kbit)}
    return run


def strip(view, at, size, out, name, count=6, every_s=0.15):
    """Pictures of the window at equal times, out/strip-NAME-N.png."""
    width, height = (int(word) for word in size.split("x"))
    begin = time.monotonic()
    for number in range(count):
        time.sleep(max(0, begin + number * every_s - time.monotonic()))
        part = ways.shot(view.home).crop((*at, at[0] + width, at[1] + height))
        part.resize((width // 4, height // 4)).save(out / f"strip-{name}-{number}.png")


def cut(town, way, seconds, out):
    """The link away for 2 s, amid motion."""
    with moving(town, way) as view:
        at = found(view, find_code, "the moving picture")
        watch = measure.Watch(view, ["probe", *map(str, at), str(measure.WARM_S),
                                     str(seconds + CUT_S + AFTER_S)], town.lab)
        watch.begin()
        time.sleep(seconds)
        town.lab.cut(view.port)
        time.sleep(CUT_S)
        town.lab.mend(view.port)
        mended = time.monotonic_ns()
        watch.end(AFTER_S)
        run = measure.judge(watch.looker.output(), log_of(view))
        return {"moving_again_ms": measure.again_ms(run["frames"], mended)}


# --- text ---

def foot(source, *words):
    """A terminal whose page is found again in what is shown."""
    colour = "".join(f"{part:02x}" for part in PAPER)
    options = [word for option in (
        "pad=0x0", "resize-by-cells=no", f"colors.background={colour}",
        "colors.foreground=202830", "csd.preferred=none", "locked-title=yes")
        for word in ("-o", option)]
    return ways.Client("org.boxland.page", [
        "foot", "--app-id=org.boxland.page", "--title=page", f"--font={FONT}",
        "--window-size-pixels=1920x1080", *options,
        "python3", str(measure.ROOT / TEXT), source.node.home, *words])


def typing(town, way, seconds, out):
    """Keys, then a text that scrolls."""
    source = source_of(town, way)
    source.node.run(["rm", "-f", f"{source.node.home}/scroll", f"{source.node.home}/scrolled"])
    with ways.WAYS[way](town, foot(source, str(LINES), str(LINES_PER_S))) as view:
        place = found(view, lambda picture: find_paper(picture, town.size), "the page")
        x, y, width, _ = place
        watch = measure.Watch(view, ["typist", str(x), str(y), str(width), "48",
                                     str(measure.WARM_S), str(seconds + 1), "150", *KEYS], town.lab)
        run = watch.run(seconds + 1)
        run |= measure.answers(watch.looker.output(), GLYPH)
        run["wire_bytes_key"] = run["wire_bytes_s"] * run["seconds"] / max(1, run["keys"])
        return run | scrolling(town, view, place)


def scrolling(town, view, place):
    """The page scrolls at a rate of its own; what that takes, and that the end of it is exact."""
    home = view.source.node.home
    x, y, width, height = place
    watch = measure.Watch(view, ["typist", *map(str, (x, y + height - LOW, width, LOW)), "0.2",
                                 str(LINES / LINES_PER_S + 1.8), "1000"], town.lab)
    watch.begin()
    view.source.node.write_file(f"{home}/scroll", "")
    watch.end(LINES / LINES_PER_S)
    ended = int(view.source.node.read_file(f"{home}/scrolled"))
    changes = measure.parse_changes(watch.looker.output())["changed"]
    span = watch.after["at"] - watch.before["at"]
    return {"scroll_bytes": (watch.after["wire"] - watch.before["wire"]),
            "scroll_cpu_ms_s": watch.counted["cpu_ms_s"], "scroll_s": span,
            "scroll_pictures": len(changes),
            "scroll_exact_ms": (changes[-1][0] - ended) / 1e6 if changes else None,
            "exact": exact(view, place)}


def exact(view, place):
    """How many pixels of the page differ from the source's own; None: nobody can say."""
    import numpy

    if not view.window:
        return None
    x, y, width, height = place
    shown = numpy.asarray(ways.shot(view.home).crop((x, y, x + width, y + height)))
    drawn = numpy.asarray(view.source.picture(f"{view.window}/frame"))
    if shown.shape != drawn.shape:
        return f"{shown.shape} beside {drawn.shape}"
    return int((shown != drawn).any(axis=2).sum())


def still(town, way, seconds, out):
    """Nothing happens."""
    source = source_of(town, way)
    with ways.WAYS[way](town, foot(source, "page")) as view:
        place = found(view, lambda picture: find_paper(picture, town.size), "the page")
        settled(view)
        before = still_counters(town, view)
        time.sleep(seconds)
        after = still_counters(town, view)
        run = {"seconds": seconds, "exact": exact(view, place),
               "wire_bytes_s": (after["wire"] - before["wire"]) / seconds}
        for what in ("ticks", "switches"):
            run[what] = {label: after[what][label] - before[what][label] for label in after[what]}
        return run


def settled(view, span_s=1.5):
    """Waits until boxcast has done nothing for a while."""
    def quiet():
        before = measure.switches(*view.processes["boxcast"])
        time.sleep(span_s)
        return measure.switches(*view.processes["boxcast"]) - before <= 1

    if "boxcast" in view.processes:
        wait_for(quiet, 30, "boxcast to rest")


def still_counters(town, view):
    labels = {label: where for label, where in view.processes.items() if label != "client"}
    return {"wire": measure.port_bytes(town.lab, view.port),
            "ticks": {label: measure.ticks(*where) for label, where in labels.items()},
            "switches": {label: measure.switches(*where) for label, where in labels.items()}}


# --- a real game ---

def doom(*words):
    """Debian's, with a free game's data."""
    return ways.Client("chocolate-doom", [*DOOM, *words], DOOM_ENV)


def game(view):
    """Where the game's window is on the desktop that shows it."""
    window = view.home.window("chocolate-doom")
    text = view.home.text(f"{window}/geom")
    width, height, x, y = map(int, re.fullmatch(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)", text).groups())
    return [str(word) for word in (x, y, width, height)]


def play(town, way, seconds, out):
    """The recorded game, then a key in a quiet room."""
    with ways.WAYS[way](town, doom("-playdemo", "demo1")) as view:
        place = game(view)
        watch = measure.Watch(view, ["typist", *place, "3", str(seconds), "1000"], town.lab)
        run = watch.run(seconds + 3)
        run |= measure.distinct(watch.looker.output())
        run["stats"] = view.stats() if view.stats else None
        if out:
            strip(view, (int(place[0]), int(place[1])), "x".join(place[2:]), out,
                  f"doom-{town.link}-{way}")
    quiet = doom("-warp", "1", "1", "-nomonsters", "-skill", "2")
    with ways.WAYS[way](town, quiet) as view:
        watch = measure.Watch(view, ["typist", *game(view), "3", str(seconds + 2), "500", *TAB],
                              town.lab)
        watch.run(seconds + 5)
        run |= measure.answers(watch.looker.output(), MAP)
    return run


NETWORKED = ["ours", *ways.PEERS]
ALL = ["LAN", "Wi-Fi", "WAN", "bad"]
CONTENTS = {
    "motion": Content("1280x720", [*NETWORKED, "floor", "local", "sway", "sway-capture"], ALL, 5,
                      motion, 3),
    "typing": Content("1920x1080", NETWORKED, ["LAN"], 5, typing, 3),
    "still": Content("1920x1080", ["ours"], ["LAN"], 1, still, 60),
    "cut": Content("1280x720", ["ours"], ALL, 5, cut, 0.7),
    "play": Content("960x720", ["ours", "local"], ALL, 3, play, 4),
}
UNLINKED = ("floor", "local", "sway", "sway-capture")
