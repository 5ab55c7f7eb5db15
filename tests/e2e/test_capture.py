# SPDX-License-Identifier: MIT
"""What a view captures of a window, and what that does to the window: its clock."""

import time

import pytest

from bench import report, ways
from net.place import wait_for
from net.remote import views
from wayland import wl
from wayland.clients import Client

SECONDS = 2
PATIENCE_S = 60


class Painter:
    """A window that draws anew at each frame callback, as fast as it is let."""

    def __init__(self, client):
        self.client, self.done = client, 0
        self.window = client.window(320, 240, app_id="painter")
        self.buffers = [wl.buffer(client.shm, 320, 240, 0xff000000 | colour)
                        for colour in (0x305070, 0x704030)]

    def paint(self, *_):
        self.done += 1
        surface = self.window.surface
        surface.attach(self.buffers[self.done % 2], 0, 0)
        surface.damage_buffer(0, 0, 320, 240)
        surface.frame().on["done"] = self.paint
        surface.commit()

    def rate(self):
        """How often a second it was let draw."""
        before, begin = self.done, time.monotonic()
        end = begin + SECONDS
        while time.monotonic() < end:
            self.client.display.receive(end - time.monotonic())
        return (self.done - before) / (time.monotonic() - begin)


@pytest.fixture
def desktops(artefacts):
    """Two desktops of one machine, joined without a network: (draws, shows). The first's screen has
    60 refreshes a second, the second's 30."""
    with report.lab(artefacts) as lab:
        yield ways.joined(lab.node("solo"), "800x600", "output HEADLESS-1 mode 800x600@30\n")


def counted(shows):
    """Of the one view there is: how many pictures it has decoded, and how many were never seen."""
    box, = views(shows).values()
    lines = dict(line.split(" ", 1) for line in shows.text(f"{box}/stats").splitlines())
    return int(lines["decoded"]), int(lines["unseen"])


def are_in_step(painter, shows):
    """Whether nearly each picture has a refresh of its own: of two in one, the first is never seen."""
    begun = counted(shows)
    painter.rate()
    decoded, unseen = (now - then for now, then in zip(counted(shows), begun))
    return decoded > 15 and unseen < decoded / 5


def test_the_screen_that_shows_a_window_is_its_clock(desktops):
    draws, shows = desktops
    with Client(draws, seat=False) as client:
        painter = Painter(client)
        name = draws.window("painter")
        painter.paint()
        wait_for(lambda: painter.rate() > 40, PATIENCE_S, "the pace of the screen it is on")
        link = draws.box("ln", "/display/0", f"{name}/out")
        shows.window("painter")
        wait_for(lambda: 15 < painter.rate() < 36, PATIENCE_S, "the pace of the screen that shows it")
        wait_for(lambda: are_in_step(painter, shows), PATIENCE_S, "pictures in step with refreshes")
        draws.box("rm", link)
        wait_for(lambda: painter.rate() > 40, PATIENCE_S, "the pace of the screen it is on again")


def test_minimised_window_keeps_its_pace_while_shown(desktops):
    draws, shows = desktops
    with Client(draws, seat=False) as client:
        painter = Painter(client)
        painter.window.toplevel.set_minimized()
        client.display.roundtrip()
        name = draws.window("painter")
        assert draws.text(f"{name}/state") == "minimised"
        draws.box("ln", "/display/0", f"{name}/out")
        shows.window("painter")
        painter.paint()
        wait_for(lambda: 10 < painter.rate() < 36, PATIENCE_S, "the pace of the screen that shows it")
