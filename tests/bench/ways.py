# SPDX-License-Identifier: MIT
"""The ways by which a window drawn in one place is shown in another, each with the same client, the
same size and the same desktop to show it.

    ours            den's window on ibiza's desktop: box ln /display/0 /n/den/win/N/out
    waypipe-none, waypipe-lz4, waypipe-zstd
                    the client on den under waypipe, which shows it on ibiza's desktop; a bare TCP
                    connection over the same cable, without the cost of ssh
    rdp             the client alone on weston's RDP backend on den, sdl-freerdp3 on ibiza's desktop
    vnc             the client alone on a headless sway on den, wayvnc, gvncviewer on ibiza's desktop
    floor           as ours, but two desktops on one machine: the exchange is a unix socket from
                    boxcast to boxview, with no boxd and no network between
    local           the client on ibiza's own desktop: what showing costs when nothing is remote
    sway            the same, under sway instead of boxland
    sway-capture    the same, and all of the window copied at each frame, as capture must

A way is a context: WAYS[name](town, client). Started, it is a View; left, it has ended everything
it started. What the client is, and where its picture is found, is contents.py's.
"""

import contextlib
import dataclasses
import functools
import io

from net.household import Household, pair
from net.place import wait_for

CONF = "hint off\n"
PORTS = {"waypipe": 7600, "rdp": 3389, "vnc": 5900}
PATIENCE_S = 30  # for a window, on a machine that has much else to do
ROOM = (100, 120)  # of a desktop around the window: its bar and borders, a viewer's menu
CARRY = ["socat", "-d", "-d", "-b", "262144"]  # from each end to the cable
SWAY_CONF = """xwayland disable
output HEADLESS-1 resolution {size} position 0 0
default_border none
for_window [app_id=".*"] border none
"""


@dataclasses.dataclass
class Client:
    """A program with one window."""

    app: str            # its application id
    argv: list
    env: dict = dataclasses.field(default_factory=dict)

    @property
    def label(self):
        """What its process is called."""
        return self.argv[0].rpartition("/")[2]


@dataclasses.dataclass
class View:
    """A window that is being shown."""

    home: Household     # on whose desktop
    source: Household   # on whose machine the client runs
    processes: dict     # label: (node, pid); "client" is the client's
    port: object = None # the node whose port all of it passes; None: nothing does
    window: str = None  # Boxland's name of the window that is captured, in source
    stats: object = None # what boxcast says of itself, when asked
    copied: bool = False # whether the probe is to copy all of the window
    stack: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def start(self, label, home, argv, *, run=None, **options):
        """A program of this view, ended with it; the first of a label is counted."""
        process = (run or home.client)(*argv, **options)
        self.stack.callback(process.stop)
        self.processes.setdefault(label, (home.node, process.pid))
        return process


class Sway(Household):
    """A headless sway of a node: where there is nothing of Boxland's. Within its context only."""

    def __init__(self, node, size, view, label):
        super().__init__(node, boxland_conf=CONF)
        self._desktop, config = size, f"{node.home}/sway"
        node.write_file(config, SWAY_CONF.format(size=size))
        before = set(self._sockets())
        view.start(label, self, ["sway", "-c", config], log="sway", env={
            "WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"})
        came = wait_for(lambda: set(self._sockets()) - before, PATIENCE_S, "sway's display")
        self.wayland = {"WAYLAND_DISPLAY": min(came)}

    def _sockets(self):
        listed = self.node.output(["ls", self.node.runtime]).split()
        return [name for name in listed if name.startswith("wayland-") and "." not in name]

    def picture(self, name=None, at=None):
        """What it shows: a PIL image, RGB."""
        return shot(self)


def shot(home):
    """What a desktop shows, by grim: fast, and of any desktop. A PIL image, RGB."""
    from PIL import Image  # not needed by those who look at nothing

    told = home.node.run(["grim", "-t", "ppm", "-"], env=home.wayland).stdout
    return Image.open(io.BytesIO(told)).convert("RGB")


class Town:
    """The machines, made once and idle while not in use."""

    def __init__(self, lab, size, link):
        self.lab, self.size, self.link = lab, size, link
        width, height = (int(word) for word in size.split("x"))
        self.desktop = f"{width + ROOM[0]}x{height + ROOM[1]}"
        self.den = Household(lab.node("den"), boxland_conf=CONF).start(self.desktop)
        self.ibiza = Household(lab.node("ibiza", link=link), boxland_conf=CONF).start(self.desktop)
        self.den.box("init", "--person", "ann")
        pair(self.den, self.ibiza, mine=True)
        self._floor = None

    def floor(self):
        """A machine with two desktops, one of which shows the other's windows."""
        if self._floor is None:
            self._floor = joined(self.lab.node("solo"), self.desktop)
        return self._floor


def joined(node, size, showing=""):
    """Two desktops of one node, of which the first takes the second's box server for its boxd: what
    it links to /display/0 goes straight there. showing: more lines of the second's configuration.
    (draws, shows)"""
    shows = Household(node, boxland_conf=CONF + showing)
    shows.start_boxland(size)
    draws = Household(node, boxland_conf=CONF) # in place of the other's, which has been read
    at = f"{node.runtime}/boxland/{shows.wayland['WAYLAND_DISPLAY']}.op"
    draws.start_boxland(size, env={"BOX_OP": at})
    shows.wayland["BOX_OP"] = at
    draws.wayland["BOX_OP"] = f"{node.runtime}/boxland/{draws.wayland['WAYLAND_DISPLAY']}.op"
    return draws, shows


def only(node, program):
    """The process of that program on a node, of which there is one."""
    found = node.find(program)
    if len(found) != 1:
        raise RuntimeError(f"{len(found)} processes of {program} on {node.name}: {found}")
    return found[0]["pid"]


def gone(home):
    """Waits until no window is left, for the next to be the only one."""
    for name in home.windows():
        home.wait_no_box(name, PATIENCE_S)


@contextlib.contextmanager
def viewing(source, shows, port=None):
    """A View to fill; in the end all that it started ends, last first, and no window is left."""
    view = View(shows, source, {}, port=port)
    with view.stack:
        yield view
    for home in {id(home): home for home in (source, shows) if home.boxland}.values():
        gone(home)


@contextlib.contextmanager
def linked(client, draws, shows, asker, prefix, port=None):
    """A window of one desktop on the other, by a link."""
    with viewing(draws, shows, port) as view:
        view.start("client", draws, client.argv, env=client.env)
        view.window = draws.window(client.app, PATIENCE_S)
        asker.box("ln", "/display/0", f"{prefix}{view.window}/out")
        shows.window(client.app, PATIENCE_S)
        view.processes |= {"boxland, drawing": (draws.node, draws.boxland.pid),
                           "boxcast": (draws.node, only(draws.node, "boxcast")),
                           "boxview": (shows.node, only(shows.node, "boxview")),
                           "boxland, showing": (shows.node, shows.boxland.pid)}
        for label, home in (("boxd, drawing", draws), ("boxd, showing", shows)):
            if home.boxd:
                view.processes[label] = (home.node, home.boxd.pid)
        view.stats = lambda: draws.text(f"{view.window}/stats")
        yield view


def ours(town, client):
    """By Boxland, over the network."""
    return linked(client, town.den, town.ibiza, town.ibiza, "/n/den", town.ibiza.node)


def floor(town, client):
    """By Boxland's desktops, boxcast and boxview alone."""
    draws, shows = town.floor()
    return linked(client, draws, shows, draws, "")


@contextlib.contextmanager
def local(town, client):
    """On the desktop that shows it."""
    home = town.ibiza
    with viewing(home, home) as view:
        view.start("client", home, client.argv, env=client.env)
        home.window(client.app, PATIENCE_S)
        view.processes["boxland, showing"] = (home.node, home.boxland.pid)
        yield view


@contextlib.contextmanager
def sway(town, client, copied=False):
    """On a sway as large as the desktop that shows it otherwise."""
    with viewing(town.ibiza, town.ibiza) as view:
        view.home = view.source = Sway(town.ibiza.node, town.desktop, view, "sway, showing")
        view.copied = copied
        view.start("client", view.home, client.argv, env=client.env)
        yield view


@contextlib.contextmanager
def waypipe(town, client, compress):
    """By waypipe, which is told that there is no GPU, as there is none."""
    den, ibiza, port = town.den.node, town.ibiza.node, PORTS["waypipe"]
    socket = f"{den.runtime}/waypipe"
    argv = ["waypipe", "--no-gpu", "--oneshot", "--compress", compress, "--socket", socket]
    with viewing(town.den, town.ibiza, ibiza) as view:
        ibiza.run(["rm", "-f", socket])  # waypipe may leave it, and refuses it afterwards
        view.start("waypipe, showing", town.ibiza, [*argv, "client"], log="waypipe-client")
        ibiza.wait_file(socket)
        listen = f"TCP-LISTEN:{port},reuseaddr,nodelay"
        view.start("socat, showing", town.ibiza, [*CARRY, listen, f"UNIX-CONNECT:{socket}"],
                   log="socat").wait_output("listening on")
        view.start("socat, drawing", town.den, [
            *CARRY, f"UNIX-LISTEN:{socket},unlink-early", f"TCP:{ibiza.ip}:{port},nodelay"],
            log="socat").wait_output("listening on")
        view.start("waypipe, drawing", town.den, [*argv, "server", "--", *client.argv],
                   env=client.env, log="waypipe-server")
        town.ibiza.window(client.app, PATIENCE_S)
        view.processes["client"] = (den, only(den, client.label))
        view.stack.callback(den.signal, view.processes["client"][1], 15)  # the others follow
        view.processes["boxland, showing"] = (ibiza, town.ibiza.boxland.pid)
        yield view


@contextlib.contextmanager
def rdp(town, client):
    """By RDP, as weston serves it."""
    den, ibiza = town.den.node, town.ibiza.node
    key, certificate = (f"{den.home}/rdp.{part}" for part in ("key", "crt"))
    if not den.exists(certificate):
        den.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                 "-subj", "/CN=den", "-keyout", key, "-out", certificate])
    width, height = town.size.split("x")
    with viewing(town.den, town.ibiza, ibiza) as view:
        weston = view.start("weston, drawing", town.den, [
            "weston", "--backend=rdp", "--renderer=pixman", "--shell=kiosk-shell.so",
            f"--width={width}", f"--height={height}", f"--port={PORTS['rdp']}",
            f"--rdp-tls-key={key}", f"--rdp-tls-cert={certificate}", "--socket=rdp",
            "--idle-time=0"])
        den.wait_file(f"{den.runtime}/rdp", PATIENCE_S)
        view.start("sdl-freerdp3, showing", town.ibiza, [
            "sdl-freerdp3", f"/v:{den.ip}:{PORTS['rdp']}", "/cert:ignore", "/u:ann", "/p:none",
            "/sec:tls", f"/size:{town.size}", "/network:lan"],
            env={"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy"})
        wait_for(town.ibiza.windows, PATIENCE_S, f"a viewer's window; {weston!r}")
        view.start("client", town.den, client.argv, env={**client.env, "WAYLAND_DISPLAY": "rdp"})
        view.processes["boxland, showing"] = (ibiza, town.ibiza.boxland.pid)
        yield view


@contextlib.contextmanager
def vnc(town, client):
    """By VNC, as wayvnc serves it of a sway as large as the window."""
    den, ibiza, port = town.den.node, town.ibiza.node, PORTS["vnc"]
    with viewing(town.den, town.ibiza, ibiza) as view:
        desktop = Sway(den, town.size, view, "sway, drawing")
        view.start("client", desktop, client.argv, env=client.env)
        view.start("wayvnc, drawing", desktop, ["wayvnc", "-f", "60", "-S", f"{den.runtime}/vncctl",
                                                "-L", "info", "0.0.0.0", str(port)])
        listening = f":{port:04X} "
        wait_for(lambda: listening in den.read_file("/proc/net/tcp").decode(), PATIENCE_S, "wayvnc")
        view.start("gvncviewer, showing", town.ibiza, ["gvncviewer", f"{den.ip}::{port}"],
                   env={"GDK_BACKEND": "wayland"})
        wait_for(town.ibiza.windows, PATIENCE_S, "a viewer's window")
        view.processes["boxland, showing"] = (ibiza, town.ibiza.boxland.pid)
        yield view


WAYPIPES = {f"waypipe-{how}": functools.partial(waypipe, compress=how)
            for how in ("none", "lz4", "zstd")}
WAYS = {"ours": ours, **WAYPIPES, "rdp": rdp, "vnc": vnc, "floor": floor, "local": local,
        "sway": sway, "sway-capture": functools.partial(sway, copied=True)}
PEERS = [*WAYPIPES, "rdp", "vnc"]
TITLES = {"ours": "Boxland", "waypipe-none": "waypipe, none", "waypipe-lz4": "waypipe, lz4",
          "waypipe-zstd": "waypipe, zstd", "rdp": "RDP: weston, FreeRDP",
          "vnc": "VNC: wayvnc, gvncviewer", "floor": "the floor: a pipe for the network",
          "local": "not remote at all", "sway": "the same, under sway",
          "sway-capture": "under sway, copied"}
