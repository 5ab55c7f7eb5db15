# SPDX-License-Identifier: MIT
"""What an application draws by a graphics processor goes to the encoder as it lies; what cannot is drawn.

The graphics processor is tests/va, at both ends of the way: its memory is memfds, which wlroots is made to
take for dmabufs. All that Boxland does with them is what it does with a real one's.
"""

import mmap
import os
import re
import signal
import threading
import time
import types

import numpy
import pytest
from moments import Watch, compare

from net.household import two_desktops
from net.place import wait_for
from net.remote import show
from view.rig import LIKE
from view.test_va import DRIVER, GPU
from wayland import wl
from wayland.clients import Client, Window

SIZE = WIDTH, HEIGHT = 480, 320
BUFFERS = 3
XRGB, XBGR = 0x34325258, 0x34324258  # boxcast is not told of the latter by its encoder
OWN = "own-dmabuf → vah264lpenc-dmabuf → QUIC → .*"
DRAWN = "pixman memfd → .*"
SPARE_S = 0.5  # that an application is without a buffer that it gave
PATIENCE_S = 60


WAVE = (127 + 100 * numpy.sin(numpy.arange(256) / 256 * 2 * numpy.pi)).astype(numpy.uint32)
Y, X = numpy.indices((HEIGHT, WIDTH))
GRAIN = numpy.random.default_rng(7).integers(0, 16, (HEIGHT, WIDTH)).astype(numpy.uint32)


def scene(number):
    """Waves that cross: every pixel is another each time, and nothing has only moved."""
    red, green, blue = WAVE[X + number * 3 & 255], WAVE[Y - number * 5 & 255], WAVE[X + Y + number * 7 & 255]
    return red + GRAIN << 16 | green + GRAIN << 8 | blue + GRAIN


class Buffer:
    """Memory that an application drew into, or its graphics processor did."""

    def __init__(self, game, form):
        size = WIDTH * HEIGHT * 4
        self.fd = os.memfd_create("own", os.MFD_CLOEXEC)
        os.ftruncate(self.fd, size)
        self.pixels = numpy.frombuffer(mmap.mmap(self.fd, size), numpy.uint32).reshape(HEIGHT, WIDTH)
        if form == "shm":
            pool = game.client.shm.create_pool(self.fd, size)
            self.proxy = pool.create_buffer(0, WIDTH, HEIGHT, WIDTH * 4, 1)
        else:
            params = game.dmabuf.create_params()
            params.add(self.fd, 0, 0, WIDTH * 4, 0, 0)
            self.proxy = params.create_immed(WIDTH, HEIGHT, form, 0)
        self.free, self.since, self.longest = True, 0, 0  # s that it was not the application's
        self.proxy.on["release"] = self.handle_release

    def give(self):
        self.free, self.since = False, time.monotonic()
        return self.proxy

    def handle_release(self):
        self.free = True
        self.longest = max(self.longest, time.monotonic() - self.since)


class Game(Window):
    """A window all of which changes at every frame callback, from few buffers."""

    def __init__(self, client):
        self.dmabuf = client.display.bind("zwp_linux_dmabuf_v1")
        self.client = client
        self.sets = {form: [Buffer(self, form) for _ in range(BUFFERS)] for form in (XRGB, XBGR, "shm")}
        self.form, self.resting, self.tasks = XRGB, False, []
        super().__init__(client, WIDTH, HEIGHT, app_id="org.boxland.game")

    @property
    def buffers(self):
        return self.sets[self.form]

    def draw(self, width, height):
        """One frame; without a free buffer none."""
        free = next((buffer for buffer in self.buffers if buffer.free), None)
        if free is None:
            return
        free.pixels[:] = scene(self.drawn)
        self.surface.attach(free.give(), 0, 0)
        self.surface.damage_buffer(0, 0, WIDTH, HEIGHT)
        self.surface.frame().on["done"] = lambda _: self.resting or self.draw(WIDTH, HEIGHT)
        self.surface.commit()
        self.drawn += 1

    def play(self, over):
        """Until it is over: draws, and does what it is told."""
        while not over.is_set():
            while self.tasks:
                self.tasks[0]()
                self.tasks.pop(0)
            if not self.client.display.receive(0.05) and not self.resting:
                self.draw(WIDTH, HEIGHT)  # a frame that found no buffer is made up for

    def do(self, task):
        """Has it done by who plays; it is seen when this returns."""
        self.tasks.append(task)
        wait_for(lambda: not self.tasks, PATIENCE_S, "the game to do it")
        drawn = self.drawn
        wait_for(lambda: self.drawn > drawn + 1, PATIENCE_S, "the game to draw it")

    def goes_on_and_gets_its_buffers(self):
        """It draws, and then rests; all but the one that is seen are its own then."""
        drawn = self.drawn
        wait_for(lambda: self.drawn > drawn + 10, PATIENCE_S, "the game to go on")
        self.resting = True
        wait_for(lambda: sum(buffer.free for buffer in self.buffers) == BUFFERS - 1, PATIENCE_S,
                 "all buffers but the one that is seen")
        self.resting = False


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """A game on den, seen on ibiza."""
    den, ibiza = two_desktops(lab, "1024x768", "1024x640",
                              {**GPU, "LD_PRELOAD": f"{GPU['LD_PRELOAD']}:{DRIVER}/import.so"})
    over = threading.Event()
    with Client(den, seat=False) as client:
        game = Game(client)
        playing = threading.Thread(target=game.play, args=(over,))
        playing.start()
        view = show(ibiza, den, den.window("org.boxland.game"))
        yield types.SimpleNamespace(den=den, ibiza=ibiza, game=game, view=view, out=module_artefacts)
        over.set()
        playing.join()


def path(home):
    """What its pictures come by."""
    lines = dict(line.split(" ", 1) for line in home.den.box("info", home.view.link).splitlines())
    return lines.get("path", "")


def wait_path(home, expected):
    """Until its pictures come by this path."""
    wait_for(lambda: re.fullmatch(expected, path(home)), PATIENCE_S, expected)


def wait_told(home, times):
    """Until it is said so often, as it is once a second, how many frames were sent."""
    def frames():
        return re.search("^frames .*$", home.den.text(f"{home.view.remote}/stats"), re.M)[0]
    for _ in range(times):
        before = frames()
        wait_for(lambda before=before: frames() != before, PATIENCE_S, "more frames")


def test_the_encoder_gets_the_very_memory_of_the_application(home):
    wait_path(home, OWN)
    inodes = {os.fstat(buffer.fd).st_ino for buffer in home.game.buffers}
    boxcast, = home.den.node.find("boxcast")

    def opened():
        told = home.den.node.run(["sh", "-c", f"stat -Lc %i /proc/{boxcast['pid']}/fd/* 2>&1"], check=False)
        return inodes & {int(word) for word in told.stdout.split() if word.isdigit()}
    wait_for(opened, PATIENCE_S, "a buffer of the application in boxcast")
    with Watch(home.view) as watch:
        moment = wait_for(lambda: compare(home, home.view, watch), PATIENCE_S, "a moment")
    assert moment[1] >= LIKE


def cut(game):
    """Half of the buffer, made as large as the whole."""
    viewport = game.client.display.bind("wp_viewporter").get_viewport(game.surface)
    viewport.set_source(0, 0, WIDTH // 2, HEIGHT // 2)
    viewport.set_destination(WIDTH, HEIGHT)
    return viewport.destroy


def cover(game):
    """A second surface over a part of the first."""
    display = game.client.display
    surface = game.client.compositor.create_surface()
    subsurface = display.bind("wl_subcompositor").get_subsurface(surface, game.surface)
    subsurface.set_desync()
    surface.attach(wl.buffer(game.client.shm, 50, 50, 0xffcc2020), 0, 0)
    surface.commit()

    def end():
        subsurface.destroy()
        surface.destroy()
    return end


def fade(game):
    """Half translucent, so that what is seen is not what the buffer has."""
    surface = game.client.display.bind("wp_alpha_modifier_v1").get_surface(game.surface)
    surface.set_multiplier(1 << 31)
    return surface.destroy


def other(form):
    def take(game):
        game.form = form

        def end():
            game.form = XRGB
        return end
    return take


@pytest.mark.parametrize("change", [cut, cover, fade, other("shm"), other(XBGR)],
                         ids=["cut", "covered", "faded", "shm", "refused"])
def test_what_is_more_than_a_buffer_is_drawn(home, change):
    undo = []
    wait_path(home, OWN)
    home.game.do(lambda: undo.append(change(home.game)))
    try:
        for tellings in (2, 1):  # the first may be of before
            wait_told(home, tellings)
            assert re.fullmatch(DRAWN, path(home)), path(home)
    finally:
        home.game.do(undo[0])
    wait_path(home, OWN)


def test_an_application_gets_its_buffers_back(home):
    """From a boxcast that stands still while it reads one, and from one that is gone."""
    game = home.game
    wait_path(home, OWN)
    boxcast, = home.den.node.find("boxcast")
    for buffer in game.buffers:
        buffer.longest = 0

    def stopped():
        """Whether that was while it read one."""
        home.den.node.signal(boxcast["pid"], signal.SIGSTOP)
        game.goes_on_and_gets_its_buffers()
        home.den.node.signal(boxcast["pid"], signal.SIGCONT)
        return max(buffer.longest for buffer in game.buffers) > SPARE_S * 0.8

    wait_for(stopped, PATIENCE_S, "a buffer to be held back while it is read")
    wait_path(home, OWN)
    home.den.node.signal(boxcast["pid"], signal.SIGKILL)
    game.goes_on_and_gets_its_buffers()
