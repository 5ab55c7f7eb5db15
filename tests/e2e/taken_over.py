# SPDX-License-Identifier: MIT
"""Runs on a node, in place of boxcast or boxview: a stranger who has taken it over looks round.

    python3 taken_over.py NAME

says which of the desktop's protocols it sees, and stays as the real one would.
"""

import os
import pathlib
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from wayland import wl  # noqa: E402  (the path comes first)


def main():
    inherited = os.environ.get("WAYLAND_SOCKET")
    connected = socket.socket(fileno=int(inherited)) if inherited else wl.connect(
        pathlib.Path(os.environ["XDG_RUNTIME_DIR"]) / os.environ["WAYLAND_DISPLAY"])
    with wl.Display(connected) as display:
        print(sys.argv[1], "sees", *sorted(display.globals), flush=True)
        signal.pause()


main()
