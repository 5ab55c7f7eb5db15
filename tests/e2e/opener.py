# SPDX-License-Identifier: MIT
"""Runs on a node: a program with a window, and 10 000 more things over it once it is told so.

    python3 opener.py popups|dialogs|subsurfaces

opens them as fast as they are taken after SIGUSR1, and says how many there are when it ends.
"""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from wayland import wl  # noqa: E402  (the path comes first)
from wayland.clients import Client  # noqa: E402

COUNT = 10000
SIZE = (60, 40)


class Desktop:
    """The one of the environment."""

    @staticmethod
    def connect():
        return wl.connect(f"{os.environ['XDG_RUNTIME_DIR']}/{os.environ['WAYLAND_DISPLAY']}")


class Opener:
    def __init__(self, client):
        self.client = client
        self.parts = client.display.bind("wl_subcompositor")
        self.window = client.window(width=300, height=200, app_id="opener")
        self.buffer = wl.buffer(client.shm, *SIZE, 0xff20cc20)

    def show(self, surface):
        surface.attach(self.buffer, 0, 0)
        surface.commit()

    def subsurfaces(self):
        surface = self.client.compositor.create_surface()
        self.parts.get_subsurface(surface, self.window.surface).set_desync()
        self.show(surface)

    def xdg(self):
        surface = self.client.compositor.create_surface()
        xdg = self.client.wm.get_xdg_surface(surface)

        def configured(serial):
            xdg.ack_configure(serial)
            self.show(surface)

        xdg.on["configure"] = configured
        return surface, xdg

    def popups(self):
        surface, xdg = self.xdg()
        positioner = self.client.wm.create_positioner()
        positioner.set_size(*SIZE)
        positioner.set_anchor_rect(20, 20, 1, 1)
        xdg.get_popup(self.window.xdg, positioner)
        positioner.destroy()
        surface.commit()

    def dialogs(self):
        surface, xdg = self.xdg()
        toplevel = xdg.get_toplevel()
        toplevel.set_app_id("opener")
        toplevel.set_parent(self.window.toplevel)
        surface.commit()


def main(kind):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    with Client(Desktop, seat=False) as client:
        opener = Opener(client)
        while not signal.sigtimedwait([signal.SIGUSR1], 0):
            client.display.receive(0.1)
        opened = 0
        try:
            while opened < COUNT:
                getattr(opener, kind)()
                opened += 1
                client.display.receive(0)
            while True:
                client.display.receive(1)
        except (OSError, wl.ProtocolError) as error:
            print(f"{opened} {kind}: {error!r}", flush=True)


main(sys.argv[1])
