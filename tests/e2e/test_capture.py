# SPDX-License-Identifier: MIT
"""What a view captures of a window, and what that does to the window: its clock."""

import time

import pytest

from bench import report, ways
from wayland import wl
from wayland.clients import Client

SECONDS = 2


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
    """Two desktops of one machine, joined without a network: (draws, shows)."""
    with report.lab(artefacts) as lab:
        yield ways.joined(lab.node("solo"), "800x600")


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
        rate = painter.rate()
        assert 10 < rate < 75
