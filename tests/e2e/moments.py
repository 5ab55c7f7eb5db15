# SPDX-License-Identifier: MIT
"""Single moments of a view in motion: what is seen, beside what its source drew for just that.

    with Watch(view) as watch:
        moment = compare(home, view, watch)
"""

import threading
import time

import numpy
from PIL import Image

from net.place import wait_for
from view.rig import psnr

PAUSE_S = 0.003  # between two questions what is shown


def pixels(image):
    """Of a picture, as signed numbers."""
    return numpy.asarray(image.convert("RGB")).astype(int)


class Watch(threading.Thread):
    """Asks again and again what a view shows, and remembers when the answers were true."""

    def __init__(self, view):
        super().__init__()
        self.view, self.answers, self.over = view, [], threading.Event()

    def run(self):
        while not self.over.is_set():
            asked = time.monotonic_ns()
            shown = self.view.shown_ns()
            self.answers.append((asked, time.monotonic_ns(), shown))
            self.over.wait(PAUSE_S)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def at(self, moment):
        """The capture that was shown then: the same before and after. None: it changed just then."""
        wait_for(lambda: self.answers and self.answers[-1][0] > moment, 10, "a later answer")
        before = [shown for _, answered, shown in self.answers if answered < moment]
        after = [shown for asked, _, shown in self.answers if asked > moment]
        return before[-1] if before and before[-1] == after[0] else None


def compare(home, view, watch):
    """A moment: the capture shown, how alike both sides are, what is seen. None: no telling which
    it was. home.out gets both pictures."""
    x, y, width, height = view.geom()
    with home.ibiza.op.call("getmem", "/display/0") as call:
        moment, png = call.reply.number("at"), call.read()
    capture_ns = watch.at(moment)
    if capture_ns is None:
        return None
    path = home.out / "ibiza-moment.png"
    path.write_bytes(png)
    seen = pixels(Image.open(path).crop((x, y, x + width, y + height)))
    drawn = home.den.picture(f"{view.remote}/frame", at=capture_ns)
    drawn.save(home.out / "den-moment.png")
    return capture_ns, psnr(seen, pixels(drawn)), seen
