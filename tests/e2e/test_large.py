# SPDX-License-Identifier: MIT
"""The largest pictures that are promised, 2160 lines at 60 Hz and 1080 at 120, from the application to the
viewer's screen. Few machines without a GPU encode as much: on those fewer pixels or frames come, which is
said, and the picture is right all the same.
"""

import re
import threading

import numpy
import pytest
from PIL import Image

from bench import report, ways
from net.place import wait_for
from net.remote import geom
from view.rig import SMALLER, psnr
from wayland import wl
from wayland.clients import Client, Window

PATIENCE_S = 120
FRAMES = 4
STEP = 3  # of pixels that are compared while it moves: as good, and faster
APART_DB = 3  # a picture is so much more like its own frame than like any other

PATH = r"pixman (memfd|dmabuf) → \S+ → unix → \S+ → (shm|gles)"


class Film(Window):
    """A window that shows one of few frames after the other, as fast as it is let: what is drawn
    beforehand costs the machine nothing."""

    def __init__(self, client, size):
        self.frames = [film_frame(*size, number) for number in range(FRAMES)]
        self.buffers = [wl.picture(client.shm, *size, argb(frame)) for frame in self.frames]
        self.number, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.play, args=(client.display,))
        super().__init__(client, *size, app_id="film")

    def draw(self, width, height):
        if self.drawn == 0:
            self.paint()
        self.drawn += 1

    def paint(self, *_):
        height, width, _ = self.frames[0].shape
        self.surface.attach(self.buffers[self.number], 0, 0)
        self.surface.damage_buffer(0, 0, width, height)
        self.surface.frame().on["done"] = self.go
        self.surface.commit()

    def go(self, *_):
        if not self.over.is_set():
            self.number = (self.number + 1) % FRAMES
            self.paint()

    def play(self, display):
        while not self.over.is_set():
            display.receive(0.1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def film_frame(width, height, number):
    """A landscape with edges and grain, further to the left in each frame."""
    ys, xs = numpy.ogrid[:height, :width]
    xs = xs + 24 * number
    tiles = ((xs // 120 + ys // 90) % 2) * 60
    grain = (xs * 7919 + ys * 104729) % 13
    return numpy.stack([60 + tiles + grain + 60 * numpy.sin(xs / 97), 70 + tiles + grain + 0 * xs,
                        120 + grain + 50 * numpy.cos((xs + ys) / 141)], axis=-1).clip(0, 255).astype("u1")


def argb(frame):
    red, green, blue = (frame[..., i].astype("<u4") for i in range(3))
    return (0xff000000 | red << 16 | green << 8 | blue).tobytes()


class Shown:
    """The film on the other desktop."""

    def __init__(self, draws, shows, film, out):
        self.draws, self.shows, self.film, self.out = draws, shows, film, out
        self.window = draws.window("film")
        self.link = draws.box("ln", "/display/0", f"{self.window}/out")
        self.here = shows.window("film")

    def info(self):
        """What box info says of the link: of each line its first word, the rest."""
        lines = self.draws.box("info", self.link).splitlines()
        return dict(line.split(" ", 1) for line in lines if " " in line)

    def picture(self, pattern):
        """The picture that box info tells, once it is such a one."""
        return wait_for(lambda: re.fullmatch(pattern, self.info().get("picture", "")), PATIENCE_S, pattern)

    def seen(self):
        """What the screen shows of it."""
        x, y, width, height = geom(self.shows, self.here)
        return numpy.asarray(ways.shot(self.shows).crop((x, y, x + width, y + height)))

    def is_right(self):
        """Whether what is seen is one of the film's frames, and no other."""
        seen = self.seen()
        Image.fromarray(seen).save(self.out / "moving.png", compress_level=1)
        seen = seen[::STEP, ::STEP].astype(int)
        likeness = sorted(psnr(seen, frame[::STEP, ::STEP].astype(int)) for frame in self.film.frames)
        return likeness[-1] >= SMALLER and likeness[-1] > likeness[-2] + APART_DB


@pytest.mark.parametrize(("width", "height", "hz"), [(3840, 2160, 60), (1920, 1080, 120)])
def test_the_largest(artefacts, width, height, hz):
    desktop = f"{width + ways.ROOM[0]}x{height + ways.ROOM[1]}"
    screen = f"output HEADLESS-1 mode {desktop}@{hz}\n"
    with report.lab(artefacts) as lab:
        draws, shows = ways.joined(lab.node("solo"), desktop, screen)
        with Client(draws, seat=False) as client:
            with Film(client, (width, height)) as film:
                shown = Shown(draws, shows, film, artefacts)
                said = rf"{width}x{height} h264 ([\d.]+)/s [\d.]+ Mbit/s, at {hz} Hz(, .+)?"
                wait_for(lambda: (told := shown.picture(said))[2] or float(told[1]) > 0.9 * hz,
                         PATIENCE_S, "all of the frames, or less of the picture")
                wait_for(shown.is_right, PATIENCE_S, "a picture that is like its frame")
                wait_for(lambda: re.fullmatch(PATH, shown.info()["path"]), PATIENCE_S, "its whole way")
            wait_for(lambda: numpy.array_equal(shown.seen(), film.frames[film.number]), PATIENCE_S,
                     "the last frame, every pixel of it")
            shown.picture(rf"{width}x{height} lossless .* Hz")
