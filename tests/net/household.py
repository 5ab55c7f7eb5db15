# SPDX-License-Identifier: MIT
"""Boxland's programs on a node: its boxd, its desktop, and the command of its person.

    den = Household(lab.node("den", person="ann")).start(desktop="1280x720")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    ibiza.box("ln", "/display/0", "/n/den/win/1/out")

Used by end-to-end tests, the demo and the bench. What a node is, and how its wire is cut, is lab.py's.
"""

import io
import os
import select
import threading

from net.place import wait_for
from peer.op import Op

READY_S = 30
QUIET = {
    "WLR_RENDERER": "pixman",  # as a machine without a GPU has it
    "XDG_CURRENT_DESKTOP": None,
}


class Household:
    """The programs of one node."""

    def __init__(self, node, *, boxd_conf="", boxland_conf=""):
        self.node, self.name, self.person = node, node.name, node.person
        self.boxd = self.boxland = self.display = None
        self.wayland = {}  # environment of a Wayland client, once there is a desktop
        self._desktop = None
        node.run(["mkdir", "-p", f"{node.home}/.config/boxland"])
        node.write_file(f"{node.home}/.config/boxland/boxd.conf", boxd_conf)
        node.write_file(f"{node.home}/.config/boxland/boxland.conf", boxland_conf)

    def start(self, desktop=None, **options):
        """boxd, and with a size a desktop of that size."""
        self.start_boxd()
        if desktop:
            self.start_boxland(desktop, **options)
        return self

    def start_boxd(self, *words, under=()):
        """Starts boxd, below a program that watches it if need be, and waits until it answers."""
        self.boxd, _ = self._start([*under, "boxd", *words])
        return self.boxd

    def start_boxland(self, size, *words, env=None, fds=None, headless=True):
        """Starts a desktop and waits until clients can come and its boxes are there.

        Without headless it looks for a display in env and fds, and opens its window there.
        """
        self._desktop = size
        argv = ["boxland", *(["--headless", size] if headless else []), *words]
        self.boxland, name = self._start(argv, env={**QUIET, **(env or {})}, fds=fds)
        self.wayland = {"WAYLAND_DISPLAY": name}
        if self.boxd:
            self.wait_box("/display/0")
        return self.boxland

    def _start(self, argv, env=None, fds=None):
        read, write = os.pipe2(os.O_CLOEXEC)
        try:
            process = self.node.spawn([*argv, "--ready-fd", "9"], fds={9: write, **(fds or {})},
                                      env=env)
        finally:
            os.close(write)
        with os.fdopen(read, "rb", buffering=0) as pipe:
            said = b""
            while not said.endswith(b"\n"):
                if not select.select([pipe], [], [], READY_S)[0]:
                    raise TimeoutError(f"{process!r} is not ready:\n{process.output()[-2000:]}")
                more = pipe.read(256)
                if not more:
                    raise RuntimeError(f"{process!r} did not start:\n{process.output()[-2000:]}")
                said += more
        return process, said.decode().strip()

    # --- the command ---

    def run(self, *words, **options):
        """Runs box: a CompletedProcess, whatever its exit code unless check=True."""
        options.setdefault("check", False)
        options.setdefault("env", self.wayland)
        return self.node.run(["box", *words], **options)

    def box(self, *words, **options):
        """The standard output of a box command that must succeed, without the last newline."""
        return self.run(*words, check=True, **options).stdout.decode().removesuffix("\n")

    def refused(self, *words, **options):
        """What box says of something that must be refused: its standard error."""
        done = self.run(*words, **options)
        if done.returncode == 0:
            raise AssertionError(f"box {' '.join(words)} was not refused: {done.stdout!r}")
        return done.stderr.decode().strip()

    def has_box(self, name):
        """Whether there is such a box, for this node's person."""
        return self.run("info", name).returncode == 0

    def wait_box(self, name, timeout=15):
        """Waits until there is such a box."""
        wait_for(lambda: self.has_box(name), timeout, f"{name} on {self.name}")

    def wait_no_box(self, name, timeout=15):
        """Waits until there is no such box."""
        wait_for(lambda: not self.has_box(name), timeout, f"the end of {name} on {self.name}")

    def text(self, name, **options):
        """The bytes of a box as text."""
        return self.run("cp", name, "-", check=True, **options).stdout.decode()

    @property
    def op(self):
        """The server that the command speaks to, for what it has no words for: this node's boxd."""
        path = self.wayland.get("BOX_OP", f"{self.node.runtime}/boxland/op")
        return Op(lambda: self.node.connect(path))

    # --- the desktop ---

    @property
    def size(self):
        """The desktop's size, (width, height)."""
        return tuple(int(word) for word in self._desktop.split("x"))

    def connect(self):
        """A connection for a client of wayland/wl.py."""
        return self.node.connect(f"{self.node.runtime}/{self.wayland['WAYLAND_DISPLAY']}")

    def client(self, *argv, env=None, **options):
        """Starts a Wayland client in the background."""
        return self.node.spawn(argv, env={**self.wayland, **(env or {})}, **options)

    def windows(self):
        """The names of the windows here, as /win/3."""
        listed = self.run("ls", "/win")
        names = [line.split()[0] for line in listed.stdout.decode().splitlines() if line.strip()]
        return ["/win/" + name.strip("/").rpartition("/")[2] for name in names]

    def window(self, app_id, timeout=20):
        """Waits for a window of an application; its name."""
        def found():
            for name in self.windows():
                told = self.run("cp", f"{name}/app", "-")
                if told.returncode == 0 and told.stdout.decode() == app_id:
                    return name
            return None

        return wait_for(found, timeout, f"a window of {app_id} on {self.name}")

    def picture(self, name="/display/0", at=None):
        """What a display or a window's frame shows: a PIL image, RGB."""
        from PIL import Image  # not needed by those who look at nothing

        return Image.open(io.BytesIO(self.op.get(name, at=at))).convert("RGB")


def pair(one, other, mine=False, timeout=60):
    """Makes two households know each other, as two people would: both at once, each with the
    other's fingerprint. With mine, other becomes a machine of one's person, who has the key."""
    keys = [home.box("pair", "--fingerprint") for home in (one, other)]
    flag = ["--mine"] if mine else []
    told = {}

    def wait_for_other():
        told["one"] = one.run("pair", *flag, "--fingerprint", keys[1], timeout=timeout)

    # An interrupted pairing is not waited for: it ends with its node.
    waiting = threading.Thread(target=wait_for_other, daemon=True)
    waiting.start()
    told["other"] = other.run("pair", *flag, "--fingerprint", keys[0], one.node.ip,
                              timeout=timeout)
    waiting.join()
    for side in ("one", "other"):
        done = told.get(side)
        if done is None or done.returncode != 0:
            raise RuntimeError(f"pairing failed on the {side} side: {done and done.stderr.decode()}")
    return [done.stdout.decode() for done in told.values()]


def two_desktops(lab, den_screen, ibiza_screen, env=None):
    """Ann's den, which keeps its pictures for a while, and ibiza, paired; env is that of den's desktop."""
    den = Household(lab.node("den", person="ann"), boxland_conf="frame-ring 90\n")
    ibiza = Household(lab.node("ibiza", person="ann"))
    den.start(den_screen, env=env)
    ibiza.start(ibiza_screen)
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza
