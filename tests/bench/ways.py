# SPDX-License-Identifier: MIT
"""The ways by which a window drawn in one place is shown in another, each with the same client, the
same size and the same desktop to show it.

    ours     den's window on ibiza's desktop: box ln /display/0 /n/den/win/N/out
    waypipe  the client on den under waypipe, which shows it on ibiza's desktop; a bare TCP
             connection over the same cable, without the cost of ssh
    floor    as ours, but two desktops on one machine: the exchange is a unix socket from boxcast to
             boxview, with no boxd and no network between
    local    the client on ibiza's own desktop: what showing costs when nothing is remote

A way is a context: started, it is a View; left, it has ended everything it started.
"""

import contextlib
import dataclasses

from net.household import Household, pair

APP = "org.boxland.counter"
CONF = "hint off\n"
PORT = 7600
PATIENCE_S = 60  # for a window, on a machine that has much else to do
ROOM = (100, 120)  # of a desktop around the window: its bar and borders


@dataclasses.dataclass
class View:
    """A window that is being shown."""

    home: Household     # on whose desktop
    window: str         # its name there
    source: object      # the node the client runs on
    log: str            # the client's log there
    processes: dict     # label: (node, pid)
    port: object = None # the node whose port all of it passes; None: nothing does
    stats: object = None # what boxcast says of itself, when asked


class Town:
    """The machines, made once and idle while not in use."""

    def __init__(self, lab, size, link):
        self.lab, self.size = lab, size
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

    def counter(self, home, stack):
        """The client on a desktop: its process and log."""
        log = f"{home.node.home}/counter"
        process = home.client("counter", self.size, log)
        stack.callback(process.stop)
        return process, log


def joined(node, size):
    """Two desktops of one node, of which the first takes the second's box server for its boxd: what
    it links to /display/0 goes straight there. (draws, shows)"""
    shows, draws = (Household(node, boxland_conf=CONF) for _ in range(2))
    shows.start_boxland(size)
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
def linked(town, draws, shows, asker, prefix):
    """A window of one desktop on the other, by a link."""
    with contextlib.ExitStack() as stack:
        process, log = town.counter(draws, stack)
        window = draws.window(APP, PATIENCE_S)
        asker.box("ln", "/display/0", f"{prefix}{window}/out")
        shown = shows.window(APP, PATIENCE_S)
        processes = {"counter": (draws.node, process.pid),
                     "boxland, drawing": (draws.node, draws.boxland.pid),
                     "boxcast": (draws.node, only(draws.node, "boxcast")),
                     "boxview": (shows.node, only(shows.node, "boxview")),
                     "boxland, showing": (shows.node, shows.boxland.pid)}
        yield View(shows, shown, draws.node, log, processes,
                   stats=lambda: draws.text(f"{window}/stats"))
    for home in (draws, shows):
        gone(home)


@contextlib.contextmanager
def ours(town):
    """By Boxland, over the network."""
    den, ibiza = town.den, town.ibiza
    with linked(town, den, ibiza, ibiza, "/n/den") as view:
        view.processes["boxd, drawing"] = (den.node, den.boxd.pid)
        view.processes["boxd, showing"] = (ibiza.node, ibiza.boxd.pid)
        view.port = ibiza.node
        yield view


@contextlib.contextmanager
def floor(town):
    """By Boxland's desktops, boxcast and boxview alone."""
    draws, shows = town.floor()
    with linked(town, draws, shows, draws, "") as view:
        yield view


@contextlib.contextmanager
def local(town):
    """On the desktop that shows it."""
    home = town.ibiza
    with contextlib.ExitStack() as stack:
        process, log = town.counter(home, stack)
        yield View(home, home.window(APP, PATIENCE_S), home.node, log,
                   {"counter": (home.node, process.pid),
                    "boxland, showing": (home.node, home.boxland.pid)})
    gone(home)


@contextlib.contextmanager
def waypipe(town):
    """By waypipe -c lz4, which is told that there is no GPU, as there is none."""
    den, ibiza = town.den.node, town.ibiza.node
    socket, log = f"{den.runtime}/waypipe", f"{den.home}/counter"
    argv = ["waypipe", "--no-gpu", "--oneshot", "--compress", "lz4", "--socket", socket]
    carry = ["socat", "-d", "-d", "-b", "262144"]  # from each end to the cable
    with contextlib.ExitStack() as stack:
        def start(spawn, *words, **options):
            process = spawn(*words, **options)
            stack.callback(process.stop)
            return process

        ibiza.run(["rm", "-f", socket])  # waypipe may leave it, and refuses it afterwards
        client = start(town.ibiza.client, *argv, "client", log="waypipe-client")
        ibiza.wait_file(socket)
        far = start(ibiza.spawn, [*carry, f"TCP-LISTEN:{PORT},reuseaddr,nodelay",
                                  f"UNIX-CONNECT:{socket}"], log="socat")
        far.wait_output("listening on")
        near = start(den.spawn, [*carry, f"UNIX-LISTEN:{socket},unlink-early",
                                 f"TCP:{ibiza.ip}:{PORT},nodelay"], log="socat")
        near.wait_output("listening on")
        server = start(den.spawn, [*argv, "server", "--", "counter", town.size, log],
                       log="waypipe-server")
        window = town.ibiza.window(APP, PATIENCE_S)
        counter = only(den, "counter")
        stack.callback(den.signal, counter, 15)  # the first to go; the others follow
        yield View(town.ibiza, window, den, log,
                   {"counter": (den, counter), "waypipe, drawing": (den, server.pid),
                    "waypipe, showing": (ibiza, client.pid), "socat, drawing": (den, near.pid),
                    "socat, showing": (ibiza, far.pid),
                    "boxland, showing": (ibiza, town.ibiza.boxland.pid)}, port=ibiza)
    gone(town.ibiza)


WAYS = {"ours": ours, "waypipe": waypipe, "floor": floor, "local": local}
TITLES = {"ours": "Boxland", "waypipe": "`waypipe -c lz4`, bare TCP",
          "floor": "the floor: Boxland's, a pipe for the network", "local": "not remote at all"}
