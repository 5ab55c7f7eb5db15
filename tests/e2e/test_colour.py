# SPDX-License-Identifier: MIT
"""A test chart of den's, as it is seen on ibiza: greys, bars, skins, and what is most saturated. Exact
where the lossless lane brings it; as near as a picture of eight bits with half the colour can be where the
video lane does.

The two ways in which boxview draws are told apart in tests/view, where both run.
"""

import io
import threading
import types

import numpy
import pytest
from PIL import Image
from moments import pixels

from net.household import Household, pair
from net.place import wait_for
from net.remote import show
from wayland.clients import Client, Window

PATIENCE_S = 60
PATCH = 48  # a side, three of the encoder's blocks
COLUMNS, ROWS = 12, 9
WIDTH, STRIP = COLUMNS * PATCH, 144
HEIGHT = ROWS * PATCH + STRIP
EDGE = 12  # of a patch; half of the colours' resolution, and the encoder's filter, blur it
OFF_MAX, OFF_MEAN = 8, 2.5  # levels of 255, on the video lane: another matrix is off by 20 and more
SKINS = [(115, 82, 68), (194, 150, 130), (255, 224, 189), (234, 192, 134), (141, 85, 36), (89, 47, 42)]


def colours():
    """COLUMNS * ROWS of them."""
    levels = (0, 191, 255)
    found = [(level, level, level) for level in numpy.linspace(0, 255, 24).astype(int)]
    found += [(r, g, b) for r in levels for g in levels for b in levels if len({r, g, b}) > 1]
    found += SKINS
    for hue in range(COLUMNS * ROWS - len(found)):  # round the circle, each darker than the one before
        value = 255 - 2 * hue
        turn = hue / 9
        found.append(tuple(round(value * (0.5 + 0.5 * numpy.cos(6.283 * (turn - part / 3))))
                           for part in range(3)))
    return numpy.array(found)


def chart():
    """The patches, (height, width, 3)."""
    return numpy.repeat(numpy.repeat(colours().reshape(ROWS, COLUMNS, 3), PATCH, 0), PATCH, 1)


class Chart(Window):
    """The chart, and below it a strip that is grey, or faint noise that is never twice the same: too many
    bytes as tiles, so that the whole goes as video, and too few to starve the chart."""

    def __init__(self, client):
        self.dice, self.moving = numpy.random.default_rng(4), False
        super().__init__(client, WIDTH, HEIGHT, app_id="chart", title="Chart",
                         pixels=lambda *_: self.paint())

    def paint(self):
        strip = self.dice.integers(112, 144, (STRIP, WIDTH, 3)) if self.moving else \
            numpy.full((STRIP, WIDTH, 3), 128)
        shown = numpy.concatenate([chart(), strip])
        return (0xff000000 + shown @ (1 << 16, 1 << 8, 1)).astype("=u4").tobytes()

    def draw(self, width, height):
        if self.moving:
            self.surface.frame().on["done"] = lambda *_: self.moving and self.draw(width, height)
        super().draw(WIDTH, HEIGHT)


class Moving(threading.Thread):
    """Draws the strip anew at each frame, until it is left; then it is grey."""

    def __init__(self, window):
        super().__init__(daemon=True)
        self.window = window

    def run(self):
        display = self.window.client.display
        self.window.draw(WIDTH, HEIGHT)
        while self.window.moving:
            display.receive(0.1)
        self.window.draw(WIDTH, HEIGHT)
        display.roundtrip()

    def __enter__(self):
        self.window.moving = True
        self.start()

    def __exit__(self, *_):
        self.window.moving = False
        self.join(10)


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and ibiza."""
    den, ibiza = (Household(lab.node(name, person="ann")) for name in ("den", "ibiza"))
    den.start("1024x768")
    ibiza.start("1024x768")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return types.SimpleNamespace(den=den, ibiza=ibiza, out=module_artefacts)


def seen(home, view, name):
    """The patches as any screenshot program sees them."""
    png = home.ibiza.node.run(["grim", "-"], env=home.ibiza.wayland).stdout
    (home.out / f"{name}.png").write_bytes(png)
    x, y, width, _ = view.geom()
    return pixels(Image.open(io.BytesIO(png)).crop((x, y, x + width, y + ROWS * PATCH)))


def middles(picture):
    """What is inside the patches, where nothing blurs it: (patch, pixel, 3)."""
    parts = picture.reshape(ROWS, PATCH, COLUMNS, PATCH, 3).swapaxes(1, 2)
    return parts[:, :, EDGE:-EDGE, EDGE:-EDGE].reshape(ROWS * COLUMNS, -1, 3)


def off(home, view, name):
    """How far each patch is from its colour, in levels, at the worst. None: it came as tiles, or was half
    refined by them: as video most patches are off by something."""
    worst = abs(middles(seen(home, view, name)) - colours()[:, None]).max(axis=(1, 2))
    return worst if (worst > 0).mean() > 0.5 else None


def test_a_chart_on_both_lanes(home):
    with Client(home.den) as client:
        window = Chart(client)
        view = show(home.ibiza, home.den, home.den.window("chart"))
        wait_for(lambda: (seen(home, view, "lossless") == chart()).all(), PATIENCE_S, "the chart, exact")

        best = []

        def settled():
            worst = off(home, view, "video")
            if worst is not None and (not best or worst.max() < best[-1].max()):
                best.append(worst)
            return best and best[-1].max() <= OFF_MAX and best[-1].mean() <= OFF_MEAN

        with Moving(window):
            try:
                wait_for(settled, PATIENCE_S, "the chart as video")
            finally:
                if best:
                    worst = int(best[-1].argmax())
                    print(f"as video: at most {best[-1].max()} levels ({colours()[worst]}), "
                          f"{best[-1].mean():.2f} in the middle")
        wait_for(lambda: (seen(home, view, "again") == chart()).all(), PATIENCE_S, "the chart again")
        view.end()
