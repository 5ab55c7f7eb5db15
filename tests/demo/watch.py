# SPDX-License-Identifier: MIT
"""How a person watches ibiza: in a window on the display at hand, or through a VNC viewer.

A node shares nothing with this machine, so one socket is handed in, and no more: a connection to
the Wayland display, the X11 display's socket, or the socket that VNC viewers connect to.
"""

import os
import re
import socket
import struct

from demo.tell import Unseen

WATCH_FD = 10
VNC_PORTS = range(5900, 5910)
FAMILY_WILD = 0xffff  # of an Xauthority record: whatever the host is called


def display_at_hand():
    """The display of whoever started the demo; None when there is none."""
    name = os.environ.get("WAYLAND_DISPLAY")
    if name:
        path = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), name)
        if os.path.exists(path):
            return WaylandDisplay(path)
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", os.environ.get("DISPLAY", ""))
    if local:
        path = f"/tmp/.X11-unix/X{local.group(1)}"
        if os.path.exists(path):
            return X11Display(path, f":{local.group(1)}")
    return None


class WaylandDisplay:
    """Passed in as a connection already made."""

    config, sockets = "", ()

    def __init__(self, path):
        self.path = path

    def start_boxland(self, machine, size):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.path)
            machine.start_boxland(size, headless=False, fds={WATCH_FD: sock},
                                  env={"WAYLAND_SOCKET": WATCH_FD})


class X11Display:
    """Its socket is seen in the node, where the X11 library looks for it."""

    config = "output X11-1 mode 1280x720\n"

    def __init__(self, path, name):
        self.sockets, self.name = (path,), name

    def start_boxland(self, machine, size):
        env = {"DISPLAY": self.name}
        own = os.environ.get("XAUTHORITY", os.path.expanduser("~/.Xauthority"))
        if os.path.exists(own):
            with open(own, "rb") as file:
                machine.node.write_file(f"{machine.node.home}/.Xauthority",
                                        for_any_host(file.read()), 0o600)
            env["XAUTHORITY"] = f"{machine.node.home}/.Xauthority"
        machine.start_boxland(size, headless=False, env=env)


def for_any_host(records):
    """Xauthority records as they are valid on a machine of another name (Xau.h: family, then
    address, display, name and data, each with its length)."""
    out, at = b"", 0
    while at < len(records):
        start = at = at + 2
        for _ in range(4):
            (size,) = struct.unpack_from(">H", records, at)
            at += 2 + size
        out += struct.pack(">H", FAMILY_WILD) + records[start:at]
    return out


def serve_vnc(machine):
    """Lets viewers on this machine watch a desktop; the port. They reach nothing but the desktop."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for port in VNC_PORTS:
            try:
                sock.bind(("127.0.0.1", port))
                break
            except OSError:
                continue
        else:
            raise Unseen(f"no port is free for VNC: {VNC_PORTS[0]} to {VNC_PORTS[-1]} are taken")
        sock.listen()
        wayvnc = machine.client("wayvnc", "--render-cursor", "--external-listener-fd",
                                str(WATCH_FD), fds={WATCH_FD: sock})
    if wayvnc.ends_within(0.5):
        raise Unseen("wayvnc did not start: " + wayvnc.output()[-500:])
    return port
