# SPDX-License-Identifier: MIT
"""Every pixel of a view is one that the application drew: on a screen of scale 1.5, and while the
window takes another size.
"""

import io
import types

import numpy
import pytest
from PIL import Image
from moments import pixels

from net.household import Household, pair
from net.place import wait_for
from net.remote import show
from wayland import wl
from wayland.clients import Client, Hand, Window
from wayland.pixels import GREEN, RED, bounds

SCALE = 1.5
PATIENCE_S = 60


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and her ibiza, whose screen is dense."""
    den = Household(lab.node("den", person="ann"), boxland_conf="frame-ring 30\n")
    ibiza = Household(lab.node("ibiza", person="ann"),
                      boxland_conf=f"output HEADLESS-1 scale {SCALE}\n")
    den.start("1024x768")
    ibiza.start("1200x900")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return types.SimpleNamespace(den=den, ibiza=ibiza, out=module_artefacts)


def pattern(width, height):
    """What no scaling leaves as it is: single pixels, black and white, and a frame of red."""
    ys, xs = numpy.mgrid[:height, :width]
    drawn = numpy.where(((xs + ys) % 2)[..., None], (255, 255, 255), (0, 0, 0))
    drawn[[0, -1], :] = drawn[:, [0, -1]] = RED
    return drawn


class Pattern(Window):
    """A window that draws the pattern at the scale it is told, every pixel its own. What it is
    configured while it sleeps it answers once it wakes."""

    def __init__(self, client, width, height):
        self.scale, self.asleep, self.asked = 1, False, None
        super().__init__(client, width, height, setup=self.setup)

    def setup(self, _):
        display = self.client.display
        self.viewport = display.bind("wp_viewporter").get_viewport(self.surface)
        scales = display.bind("wp_fractional_scale_manager_v1")
        self.scales = scales.get_fractional_scale(self.surface)
        self.scales.on["preferred_scale"] = self.handle_scale

    def handle_scale(self, scale):
        self.scale = scale / 120
        if self.drawn:
            self.draw(self.width, self.height)

    def handle_done(self, serial):
        self.asked = serial
        if not self.asleep:
            self.wake()

    def wake(self):
        self.asleep = False
        super().handle_done(self.asked)

    def draw(self, width, height):
        self.width, self.height = width, height
        shown = pattern(round(width * self.scale), round(height * self.scale))
        high, wide, _ = shown.shape
        argb = (0xff000000 + shown @ (1 << 16, 1 << 8, 1)).astype("=u4").tobytes()
        self.surface.attach(wl.picture(self.client.shm, wide, high, argb), 0, 0)
        self.surface.damage_buffer(0, 0, wide, high)
        self.viewport.set_destination(width, height)
        self.surface.commit()
        self.drawn += 1


@pytest.fixture
def window(home):
    with Client(home.den) as client:
        yield Pattern(client, 300, 200)


def seen(home, view, name):
    """The screen's own pixels at a view's place."""
    png = home.ibiza.node.run(["grim", "-"], env=home.ibiza.wayland).stdout
    (home.out / f"{name}.png").write_bytes(png)
    x, y, width, height = view.geom()
    left, top = int(x * SCALE + 0.5), int(y * SCALE + 0.5)
    return pixels(Image.open(io.BytesIO(png)).crop(
        (left, top, left + round(width * SCALE), top + round(height * SCALE))))


def is_exact(home, view, name, size):
    """Whether the view has this size and shows the pattern, every pixel of it."""
    return view.geom()[2:] == size and numpy.array_equal(
        seen(home, view, name), pattern(round(size[0] * SCALE), round(size[1] * SCALE)))


def test_every_pixel_at_a_scale_of_one_and_a_half(home, window):
    view = show(home.ibiza, home.den, home.den.window("org.boxland.test"))
    display = window.client.display
    display.until(lambda: window.scale == SCALE, "the scale of ibiza's screen", PATIENCE_S)
    with Hand(home.ibiza) as hand:
        hand.to(1, 1)
        wait_for(lambda: display.roundtrip() or is_exact(home, view, "sharp", (300, 200)), PATIENCE_S,
                 "the pattern, pixel for pixel")
    view.end()


def test_a_resize_shows_whole_pictures_only(home, window):
    view = show(home.ibiza, home.den, home.den.window("org.boxland.test"))
    display = window.client.display
    with Hand(home.ibiza) as hand:
        hand.to(1, 1)
        wait_for(lambda: display.roundtrip() or is_exact(home, view, "before", (300, 200)), PATIENCE_S,
                 "the window")
        window.asleep = True
        x, y, width, height = (round(each * SCALE) for each in view.geom())
        hand.drag((x + width + 4, y + height + 4), (x + width + 79, y + height + 64))
        hand.to(1, 1)
        display.until(lambda: window.wanted == (350, 240), "the size wanted", PATIENCE_S)
    _, _, width, height = bounds(seen(home, view, "between"), RED)
    assert abs(width - 450) <= 1 and abs(height - 300) <= 1, "the old picture was not left as it is"
    window.wake()
    wait_for(lambda: display.roundtrip() or is_exact(home, view, "after", (350, 240)), PATIENCE_S,
             "the new size")
    view.end()


class Long(Window):
    """A window that keeps its size, whatever it is asked."""

    def draw(self, width, height):
        super().draw(self.width, self.height)


def test_longer_than_what_is_encoded(home):
    """What would be too long at the scale of ibiza's screen is sent at 1; what is so at 1, not for
    ever."""
    with Client(home.den) as client:
        window = Long(client, 6000, 40, app_id="long")
        view = show(home.ibiza, home.den, home.den.window("long"))
        for colour in (GREEN, RED) * 3:  # the scale is known long before the last
            window.argb = int.from_bytes(bytes((255, *colour)), "big")
            window.draw(0, 0)
            client.display.roundtrip()
            wait_for(lambda: tuple(seen(home, view, "long")[30, 60]) == colour, 20, "another colour")
        view.end()
        window.destroy()
        window = Long(client, 9000, 40, app_id="longer")
        link = home.ibiza.box("ln", "/display/0", f"/n/den{home.den.window('longer')}/out")
        home.den.boxland.wait_output("9000x40 pixels is not encoded, only up to 8192", timeout=20)
        home.den.wait_no_box(link.removeprefix("/n/den"))
        wait_for(lambda: not home.den.node.find("boxcast") and not home.ibiza.node.find("boxview"), 20,
                 "the end of the view")
