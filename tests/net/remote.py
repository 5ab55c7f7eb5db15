# SPDX-License-Identifier: MIT
"""A window of one household shown on the desktop of another, and what both sides know of it.

    view = show(ibiza, den, "/win/3")
    ibiza.hand().click(*view.middle())
    view.end()

What the programs do is household.py's; which pictures are alike is for the test to say.
"""

import re

from net.place import wait_for

PROGRAMS = (("source", "boxcast"), ("shower", "boxview"))
BUTTON_X, BUTTON_Y = 22, 16  # of a titlebar's close button: left of its right end, above the window


class View:
    """den's window on ibiza: shower is where it is seen, source where it runs."""

    def __init__(self, shower, source, remote, link, origin, known):
        self.shower, self.source = shower, source
        self.remote = remote  # the window's name on the source, /win/3
        self.link = link  # as the source names it, /win/3/out/0
        self.box = wait_for(lambda: views(shower).get(origin), 20,
                            f"a view of {origin} on {shower.name}")
        wait_for(self.is_shown, 20, f"a first picture of {remote}")
        self.window = wait_for(lambda: next(iter(set(shower.windows()) - known), None), 20,
                               "the view's window")

    def entry(self):
        """What the view's box says of itself."""
        return self.shower.op.kind(self.box)

    def is_shown(self):
        """Whether a first picture has come."""
        return self.entry().text("state") == "shown"

    def state(self):
        """The link's: up, waiting …, refused …"""
        return self.source.op.kind(self.link).text("state")

    def stats(self):
        """The view's numbers: the words of each line."""
        lines = self.shower.op.get(f"{self.box}/stats").decode().splitlines()
        return {word: rest for word, _, rest in (line.partition(" ") for line in lines)}

    def shown_ns(self):
        """When the source captured what is shown now."""
        return int(self.stats()["capture_ns"])

    def geom(self):
        """x, y, width, height on the shower's desktop."""
        return geom(self.shower, self.window)

    def middle(self):
        """The point to click at to be in it."""
        x, y, width, height = self.geom()
        return x + width // 2, y + height // 2

    def title(self):
        """A point of its titlebar."""
        x, y, width, _ = self.geom()
        return x + width // 4, y - BUTTON_Y

    def close_button(self):
        """The middle of its titlebar's close button."""
        x, y, width, _ = self.geom()
        return x + width - BUTTON_X, y - BUTTON_Y

    def picture(self):
        """What the shower's desktop shows at its place."""
        x, y, width, height = self.geom()
        return self.shower.picture().crop((x, y, x + width, y + height))

    def wait_ended(self, timeout=10):
        """Waits until nothing of it is left on either side."""
        wait_for(self.is_over, timeout, f"the end of {self.link}")

    def is_over(self):
        """No box and no process of it on either side. True only of the last view of both."""
        return not self.shower.has_box(self.box) and not self.source.has_box(self.link) and \
            not any(getattr(self, side).node.find(program) for side, program in PROGRAMS)

    def end(self):
        """Deletes the link and waits until nothing is left."""
        self.source.box("rm", self.link)
        self.wait_ended()


def views(home, display="/display/0"):
    """The remote windows on a display: the box of each by what it shows, den/win/3."""
    return {entry.text("from"): f"{display}/{name.strip('/')}"
            for name, entry in home.op.list(display)}


def geom(home, window):
    """x, y, width, height of a window on its desktop."""
    text = home.op.get(f"{window}/geom").decode()
    width, height, x, y = map(int, re.fullmatch(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)", text).groups())
    return x, y, width, height


def show(shower, source, window, name=None):
    """Links a window of the source to the shower's display, as its person does, and waits until it
    is seen there. name is the source's name on the shower."""
    known = set(shower.windows())
    origin = f"{name or source.name}{window}"
    link = shower.box("ln", "/display/0", f"/n/{origin}/out")
    return View(shower, source, window, window + link.removeprefix(f"/n/{origin}"), origin, known)
