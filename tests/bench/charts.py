# SPDX-License-Identifier: MIT
"""The picture bench's curves, drawn with PIL: when frames are seen, what a view costs, and strips of
what was shown at equal times.

draw(runs, folder, strips) writes bench-*.png (curves) and bench-*.jpg (strips) of what there is.
"""

import math
import pathlib
import re
import statistics

from bench import tables, ways

INK, SOFT, GRID, PAPER = "#1d2733", "#5d6b7a", "#e3e8ed", "#ffffff"
COLOURS = {"ours": "#0b7a75", "waypipe-none": "#c9a227", "waypipe-lz4": "#e07a1f",
           "waypipe-zstd": "#b3261e", "rdp": "#4361c2", "vnc": "#8b4fb8", "floor": "#8a97a5",
           "local": "#b8c2cc"}
FONTS = ("/usr/share/fonts/opentype/inter/Inter-{}.otf",
         "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
SCALE = 2  # of everything, for screens that are fine; lines are smooth by it
AGES_MS = (5, 5000)
TICKS_MS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def font(size, weight="Regular"):
    """Inter, or what there is."""
    from PIL import ImageFont  # not needed by those who draw nothing

    for path in FONTS:
        if pathlib.Path(path.format(weight)).exists():
            return ImageFont.truetype(path.format(weight), size * SCALE)
    return ImageFont.load_default(size * SCALE)


class Sheet:
    """A picture to draw on, in units of which SCALE pixels make one."""

    def __init__(self, width, height, title, below):
        from PIL import Image, ImageDraw

        self.image = Image.new("RGB", (width * SCALE, height * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)
        self.text(24, 30, title, 19, weight="SemiBold")
        self.text(24, 54, below, 13, SOFT)

    def text(self, x, y, words, size=12, fill=INK, anchor="lm", weight="Regular"):
        """Words at a point."""
        self.pen.text((x * SCALE, y * SCALE), words, fill, font(size, weight), anchor)

    def line(self, points, fill, width=1.0):
        """A line through points."""
        self.pen.line([(x * SCALE, y * SCALE) for x, y in points], fill, round(width * SCALE),
                      "curve")

    def bar(self, left, top, right, bottom, fill):
        """A rectangle."""
        if right > left:
            self.pen.rectangle((left * SCALE, top * SCALE, right * SCALE, bottom * SCALE), fill)

    def save(self, path):
        """As a PNG of few colours."""
        self.image.quantize(96).save(path, optimize=True)


def key(sheet, names, x, y):
    """Which colour is whose."""
    for name in names:
        title = ways.TITLES[name].split(":")[0]
        sheet.bar(x, y - 2, x + 18, y + 2, COLOURS[name])
        sheet.text(x + 24, y, title)
        x += 44 + font(12).getlength(title) / SCALE


# --- when frames are seen ---

def seen_by(runs, link, way):
    """[(age in ms, frames/s seen at that age or sooner)], rounds together."""
    taken = runs.of("motion", link, way).values()
    ages = sorted((shown - drawn) / 1e6 for run in taken for _, drawn, shown in run["frames"])
    seconds = sum(run["frame_s"] for run in taken)
    return [(age, number / seconds) for number, age in enumerate(ages, 1)]


def draw_ages(runs, path):
    """A panel for each link: how many frames a second are seen within a time."""
    links = runs.links("motion")
    names = [name for name in COLOURS if any(runs.of("motion", link, name) for link in links)]
    rows = (len(links) + 1) // 2
    sheet = Sheet(1000, 110 + rows * 300, "Frames a second that are seen within a time of being drawn",
                  "1280×720 at 60 Hz. Further left is sooner, higher is more of the game's frames; "
                  "the floor is ours with a pipe for the network.")
    key(sheet, names, 24, 82)
    for number, link in enumerate(links):
        ages_panel(sheet, runs, link, names, 64 + number % 2 * 480, 130 + number // 2 * 300)
    sheet.save(path)


def ages_panel(sheet, runs, link, names, left, top, width=430, height=215):
    """One of them."""
    first, last = map(math.log, AGES_MS)

    def place(age, rate):
        part = (math.log(min(max(age, AGES_MS[0]), AGES_MS[1])) - first) / (last - first)
        return left + width * part, top + height * (1 - rate / 62)

    sheet.text(left, top - 12, link, 14, weight="SemiBold")
    name_width = font(14, "SemiBold").getlength(link) / SCALE
    sheet.text(left + name_width + 10, top - 11, tables.ABOUT[link], 11, SOFT)
    for rate in range(0, 61, 20):
        sheet.line([place(AGES_MS[0], rate), place(AGES_MS[1], rate)], GRID)
        sheet.text(left - 8, place(5, rate)[1], str(rate), 11, SOFT, "rm")
    for age in TICKS_MS:
        sheet.line([place(age, 0), place(age, 60)], GRID)
        told = f"{age} ms" if age < 1000 else f"{age // 1000} s"
        sheet.text(place(age, 0)[0], top + height + 14, told, 10, SOFT, "mm")
    for name in reversed(names):  # ours on top
        curve = seen_by(runs, link, name)
        if not curve:
            # what needs no link is the same over each
            curve = seen_by(runs, "LAN", name) if name in ("floor", "local") else []
        if curve:
            points = [place(curve[0][0], 0), *(place(*point) for point in curve),
                      place(AGES_MS[1], curve[-1][1])]
            sheet.line(points, COLOURS[name], 3 if name == "ours" else 1.8)


# --- what it costs ---

def draw_costs(runs, path):
    """Bars: bytes on the wire over each link, processor time for a frame on the first."""
    links = runs.links("motion")
    names = [name for name in COLOURS if any(runs.of("motion", link, name) for link in links)
             and name not in ("floor", "local")]
    height = 26 + 19 * len(names)
    sheet = Sheet(1000, 110 + height * len(links), "What the picture costs",
                  "Left: bytes on the wire for each frame that is seen. Right: processor time for it, "
                  "at both ends, with the showing desktop. Logarithms.")
    for number, link in enumerate(links):
        top = 100 + height * number
        sheet.text(24, top, link, 14, weight="SemiBold")
        sheet.text(500, top, link, 14, weight="SemiBold")
        bars(sheet, runs, link, names, 24, top + 18, wire_kb, (1, 10_000), "{:.0f} kB")
        bars(sheet, runs, link, names, 500, top + 18, tables.MOTION[-1][1], (1, 1000), "{:.0f} ms")
    sheet.save(path)


def wire_kb(run):
    """Bytes for a frame."""
    return run["wire_bytes_s"] / max(run["shown_per_s"], 0.1) / 1000


def bars(sheet, runs, link, names, left, top, what, ends, form):
    """A bar for each way, its length the logarithm."""
    for number, name in enumerate(names):
        values = runs.values("motion", link, name, what)
        y = top + 19 * number
        sheet.text(left + 168, y, ways.TITLES[name], 12, SOFT, "rm")
        if not values:
            sheet.text(left + 176, y, "nothing came", 11, SOFT)
            continue
        value = statistics.median(values)
        part = math.log(max(value, ends[0] * 1.05) / ends[0]) / math.log(ends[1] / ends[0])
        right = left + 176 + 220 * min(part, 1)
        sheet.bar(left + 176, y - 6, right, y + 6, COLOURS[name])
        sheet.text(right + 6, y, form.format(value), 11)


# --- what was shown ---

def strips_of(folder):
    """What strips there are: {(game, link, way): [picture, ...]}."""
    found = {}
    for path in sorted(folder.glob("strip-*.png")):
        told = re.fullmatch(rf"strip-(doom-)?({'|'.join(tables.LINKS)})-(.+)-\d+", path.stem)
        if told and told[3] in COLOURS and told[3] not in ("floor", "local"):
            found.setdefault(told.groups(), []).append(path)
    return found


def draw_strips(strips, folder):
    """For each link what each way showed at equal times, a row a way; of doom ours, a row a link."""
    found = strips_of(strips)
    for link, about in tables.ABOUT.items():
        rows = {ways.TITLES[way]: found[None, link, way] for way in COLOURS
                if (None, link, way) in found}
        draw_strip(rows, f"What is shown over {link}, every 150 ms", about, (190, 107),
                   folder / f"bench-strip-{link}.jpg")
    rows = {link: found["doom-", link, "ours"] for link in tables.LINKS
            if ("doom-", link, "ours") in found}
    draw_strip(rows, "The recorded game over each link, every 150 ms",
               "chocolate-doom at 960×720 by Boxland", (152, 114), folder / "bench-strip-doom.jpg")


def draw_strip(rows, title, below, size, path):
    """Rows of pictures, each with a name before it."""
    from PIL import Image

    if not rows:
        return
    wide, high = size
    sheet = Sheet(150 + 6 * (wide + 6), 84 + len(rows) * (high + 6), title, below)
    for row, (name, paths) in enumerate(rows.items()):
        top = 76 + row * (high + 6)
        sheet.text(16, top + high / 2, name.replace(": ", ":\n"))
        for number, shown in enumerate(paths):
            with Image.open(shown) as part:
                small = part.resize((wide * SCALE, high * SCALE), Image.Resampling.LANCZOS)
            sheet.image.paste(small, ((144 + number * (wide + 6)) * SCALE, top * SCALE))
    width, height = (round(0.7 * side) for side in sheet.image.size)
    sheet.image.resize((width, height), Image.Resampling.LANCZOS).save(path, quality=78,
                                                                       optimize=True)


def draw(runs, folder, strips):
    """All there is to draw."""
    folder, told = pathlib.Path(folder), tables.Runs(runs)
    folder.mkdir(parents=True, exist_ok=True)
    if told.links("motion"):
        draw_ages(told, folder / "bench-ages.png")
        draw_costs(told, folder / "bench-costs.png")
    draw_strips(pathlib.Path(strips), folder)
