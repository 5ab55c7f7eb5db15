# SPDX-License-Identifier: MIT
"""A program of a view is killed, or its cable cut: the others stay up and say what happened, within
1 s on its own node and 5 s on the other; what can return does. Ends in order are in
test_view_ends.py.
"""

import contextlib
import os
import time
import types

import numpy
import pytest

from net.household import Household, pair
from net.place import wait_for, within
from net.remote import show
from wayland.clients import Client, Hand, US

HERE_S, THERE_S = 1, 5  # until it is said: on the node itself, on the other
BACK_S = 30  # until what returns is back
SIZES = {"den": "800x600", "ibiza": "1024x640"}
COLOURS = (0xffcc2020, 0xff2060cc)


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and ibiza."""
    den, ibiza = (Household(lab.node(name, person="ann")) for name in SIZES)
    for node in (den, ibiza):
        node.start(SIZES[node.name])
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return types.SimpleNamespace(lab=lab, den=den, ibiza=ibiza, out=module_artefacts)


class Moving:
    """A window on den that changes when it is told to, and what ibiza shows of it."""

    def __init__(self, home):
        self.client = Client(home.den)
        self.window = self.client.window(width=300, height=200)
        self.view = show(home.ibiza, home.den, home.den.window("org.boxland.test"))
        self.ibiza, self.drawn = home.ibiza, 0

    def draw(self):
        """Another colour; (red, green, blue)."""
        self.drawn += 1
        self.window.argb = COLOURS[self.drawn % 2]
        self.window.draw(300, 200)
        self.client.display.roundtrip()
        return self.window.argb.to_bytes(4)[1:]

    def shows(self, colour):
        """Whether the view is all of that colour."""
        picture = numpy.asarray(self.view.picture()).astype(int)
        return (abs(picture - list(colour)) < 12).all()

    def wait_veiled(self):
        """Waits until the last picture is dimmed and a sentence stands on it."""
        def veiled():
            picture = numpy.asarray(self.view.picture()).astype(int)
            return picture.max() > 200 and picture[:20].mean() < 60

        wait_for(veiled, within(HERE_S), "a dimmed picture and a sentence")

    def wait_alive(self, timeout=BACK_S):
        """Waits until what is drawn now is what is seen."""
        colour = self.draw()
        wait_for(lambda: self.shows(colour), timeout, "what is drawn now")

    def wait_sharp(self, timeout=THERE_S):
        """Waits until every pixel is the one that was drawn last."""
        width, height = self.window.width, self.window.height
        drawn = numpy.frombuffer(self.window.pixels(width, height), numpy.uint8).reshape(height, width, 4)

        def sharp():
            picture = numpy.asarray(self.view.picture())
            return picture.shape[:2] == (height, width) and (picture == drawn[..., 2::-1]).all()

        wait_for(sharp, within(timeout), "every pixel")

    def close(self):
        with contextlib.suppress(OSError):
            self.client.close()


@pytest.fixture
def moving(home):
    """A view; afterwards both nodes are whole and nothing of it is left."""
    made = Moving(home)
    made.wait_alive()
    yield made
    for node in (home.den, home.ibiza):
        if node.boxd.poll() is not None:
            node.start_boxd()
        if node.boxland.poll() is not None:
            node.start_boxland(SIZES[node.name])
        node.wait_box("/display/0")
    made.close()
    for node, program in ((home.den, "boxcast"), (home.ibiza, "boxview")):
        for each in node.node.find(program):
            with contextlib.suppress(ProcessLookupError):  # it was about to end
                node.node.signal(each["pid"], 15)
        wait_for(lambda n=node, p=program: not n.node.find(p), 10, f"the end of {program}")


def fine(width, height):
    """Pixels of which no encoder leaves the most as they are: lines of one, black and white."""
    ys, xs = numpy.mgrid[:height, :width]
    return numpy.where((xs ^ ys // 3) % 2, 0xffffffff, 0xff000000).astype("=u4").tobytes()


def kill(home, program):
    """Kills the only one of that name on a node; how much the logs of it held before."""
    process, = home.node.find(program)
    home.node.signal(process["pid"], 9)
    return process["pid"]


def pid(home, program):
    """Of the only one there is; None: there is none, or more."""
    found = home.node.find(program)
    return found[0]["pid"] if len(found) == 1 else None


class Ear:
    """Listens to what a program writes to its log from now on; its helpers write there too."""

    def __init__(self, process):
        self.process, self.before = process, len(process.output())

    def wait(self, text, seconds):
        wait_for(lambda: text in self.process.output()[self.before:], within(seconds),
                 f"{text!r} from {self.process!r}")


def ears(home):
    """Of both desktops and both daemons."""
    return [Ear(process) for process in (home.den.boxland, home.ibiza.boxland, home.den.boxd,
                                         home.ibiza.boxd)]


def check_up(*processes):
    for process in processes:
        assert process.poll() is None, process.output()[-2000:]


def test_boxcast_is_killed(home, moving):
    den, ibiza, _, _ = ears(home)
    shower = pid(home.ibiza, "boxview")
    kill(home.den, "boxcast")
    den.wait("boxcast was killed by signal 9", HERE_S)
    ibiza.wait("was lost: ", THERE_S)
    moving.wait_alive()
    assert moving.view.state() == "up"
    assert pid(home.ibiza, "boxview") == shower, "the same view is met again"
    assert pid(home.den, "boxcast")
    check_up(home.den.boxland, home.ibiza.boxland, home.den.boxd, home.ibiza.boxd)


def test_boxview_is_killed(home, moving):
    den, ibiza, _, _ = ears(home)
    killed = kill(home.ibiza, "boxview")
    ibiza.wait(f"the view of den{moving.view.remote} was lost: boxview was killed by signal 9", HERE_S)
    den.wait("the viewer was lost: ", THERE_S)
    home.ibiza.picture().save(home.out / "boxview-killed.png")
    wait_for(lambda: pid(home.ibiza, "boxview") not in (None, killed), BACK_S, "another boxview")
    wait_for(moving.view.is_shown, BACK_S, "its picture")
    moving.view.window = home.ibiza.window("org.boxland.test")
    moving.wait_alive()
    assert moving.view.state() == "up"
    check_up(home.den.boxland, home.ibiza.boxland, home.den.boxd, home.ibiza.boxd)


def test_the_desktop_that_shows_it_is_killed(home, moving):
    den, _, _, ibiza = ears(home)
    home.ibiza.boxland.kill()
    ibiza.wait("is gone, and all that it served", HERE_S)
    den.wait("the viewer was lost: ", THERE_S)
    wait_for(lambda: not home.ibiza.node.find("boxview"), within(HERE_S), "the end of boxview")
    wait_for(lambda: moving.view.state().startswith("refused ENOENT no such box /display/0"),
             within(THERE_S), "the link's reason")
    check_up(home.den.boxland, home.den.boxd, home.ibiza.boxd)
    home.ibiza.start_boxland(SIZES["ibiza"])
    moving.view.window = home.ibiza.window("org.boxland.test")
    moving.wait_alive()
    assert moving.view.state() == "up"


@pytest.mark.parametrize("how", ["killed", "ended"])
def test_the_desktop_that_has_it_is(home, moving, how):
    """Its programs outlive it by as long as it takes to say so."""
    _, ibiza, den, _ = ears(home)
    if how == "killed":
        home.den.boxland.kill()
    else:
        home.den.boxland.stop()
    den.wait("is gone, and all that it served", HERE_S)
    ibiza.wait(f"den{moving.view.remote} was lost: the desktop of this window has ended", THERE_S)
    wait_for(lambda: not home.den.node.find("boxcast"), within(THERE_S), "the end of boxcast")
    moving.wait_veiled()
    home.ibiza.picture().save(home.out / f"den-desktop-{how}.png")
    check_up(home.ibiza.boxland, home.den.boxd, home.ibiza.boxd)
    home.den.start_boxland(SIZES["den"])
    assert home.ibiza.run("ls", "/n/den/win").returncode == 0
    with Hand(home.ibiza, US) as hand:
        hand.click(*moving.view.close_button())
    wait_for(lambda: not home.ibiza.node.find("boxview"), 10, "the end of boxview")


@pytest.mark.parametrize("which", ["den", "ibiza"])
def test_a_daemon_is_killed(home, moving, which):
    den, ibiza, _, _ = ears(home)
    node = getattr(home, which)
    shower = pid(home.ibiza, "boxview")
    node.boxd.kill()
    (den if which == "den" else ibiza).wait("boxd is gone", HERE_S)
    den.wait("the viewer was lost: ", HERE_S if which == "den" else THERE_S)
    ibiza.wait(f"den{moving.view.remote} was lost: ", HERE_S if which == "ibiza" else THERE_S)
    if which == "den":  # whose picture is asked of ibiza's
        moving.wait_veiled()
    else:
        wait_for(lambda: moving.view.state().startswith("waiting E"), within(THERE_S),
                 "the link's reason")
    check_up(home.den.boxland, home.ibiza.boxland)
    node.start_boxd()
    node.wait_box("/display/0")
    wait_for(lambda: moving.view.state() == "up", BACK_S, "the link")
    moving.wait_alive()
    assert pid(home.ibiza, "boxview") == shower, "the same view is met again"


def test_a_cut_cable_stops_picture_and_keys(home, moving):
    client, shower = moving.client, pid(home.ibiza, "boxview")
    with Hand(home.ibiza, US) as hand:
        hand.click(*moving.view.title())
        hand.to(1, 1)
        hand.key("a", True)
        client.display.until(lambda: client.keyboard.all("key"), "the key")
        home.lab.cut(home.den.node)
        cut = time.monotonic()
        client.display.until(lambda: client.keyboard.last("key")[3] == 0, "its release")
        assert time.monotonic() - cut < within(HERE_S + 0.5)
        shown = moving.view.shown_ns()
        moving.draw()
        hand.key("a", False)
        hand.chord("s")
        wait_for(lambda: time.monotonic() - cut > 2, 10, "two seconds without a cable")
        client.display.roundtrip()
        assert moving.view.shown_ns() == shown
        assert len(client.keyboard.all("key")) == 2
        home.lab.mend(home.den.node)
        moving.wait_alive()
    assert pid(home.ibiza, "boxview") == shower and moving.view.state() == "up"


def test_a_view_closed_while_it_was_lost_stays_closed(home, moving):
    _, ibiza, _, _ = ears(home)
    home.lab.cut(home.den.node)
    ibiza.wait(f"den{moving.view.remote} was lost: ", THERE_S)
    with Hand(home.ibiza, US) as hand:
        hand.click(*moving.view.close_button())
        wait_for(lambda: not home.ibiza.node.find("boxview"), within(HERE_S), "the end of boxview")
    home.lab.mend(home.den.node)
    home.den.wait_no_box(moving.view.link, timeout=BACK_S)
    moving.view.wait_ended()
    moving.draw()
    assert not moving.window.closed


def test_a_long_cut_is_said_and_mended(home, moving):
    den, ibiza, _, _ = ears(home)
    shower = pid(home.ibiza, "boxview")
    home.lab.cut(home.den.node)
    ibiza.wait(f"den{moving.view.remote} was lost: ", THERE_S)
    den.wait("the viewer was lost: ", THERE_S)
    moving.wait_veiled()
    home.ibiza.picture().save(home.out / "cut.png")
    wait_for(lambda: moving.view.state().startswith("waiting E"), within(THERE_S), "the reason")
    moving.window.pixels = fine
    moving.draw()
    home.lab.mend(home.den.node)
    wait_for(lambda: moving.view.state() == "up", BACK_S, "the link")
    moving.wait_sharp()
    home.ibiza.picture().save(home.out / "mended.png")
    moving.window.pixels = None
    moving.wait_alive()
    assert pid(home.ibiza, "boxview") == shower, "the same view is met again"


def test_the_viewers_machine_changes_network(home, moving):
    """Another address, as when a laptop goes from one network to another: the same window goes on."""
    shower = pid(home.ibiza, "boxview")
    home.lab.move(home.ibiza.node)
    moving.window.pixels = fine
    moving.draw()
    moving.wait_sharp(BACK_S)
    moving.window.pixels = None
    moving.wait_alive()
    wait_for(lambda: moving.view.state() == "up", BACK_S, "the link")
    assert pid(home.ibiza, "boxview") == shower, "the same view"
    with Hand(home.ibiza, US) as hand:
        hand.click(*moving.view.title())
        hand.chord("a")
        moving.client.display.until(lambda: len(moving.client.keyboard.all("key")) == 2, "the key")
    check_up(home.den.boxland, home.ibiza.boxland, home.den.boxd, home.ibiza.boxd)


@pytest.fixture
def uncoded(home):
    """A den without any encoder."""
    home.den.boxland.stop()
    home.den.start_boxland(SIZES["den"], env={"GST_PLUGIN_SYSTEM_PATH": "/nowhere"})
    yield home.den
    home.den.boxland.stop()
    home.den.start_boxland(SIZES["den"])


def noise(width, height):
    """Pixels that are too many bytes as tiles."""
    return os.urandom(width * height * 4)


def test_no_encoder_is_there(home, uncoded):
    """Who looks is told so and what to do, on the picture, or on the desktop if none has come; and that
    is all: nobody tries for ever."""
    told = "no encoder is there: install gstreamer1.0-plugins-ugly (x264) on that machine"
    den, ibiza, _, _ = ears(home)
    with Client(uncoded) as client:
        window = client.window(width=300, height=200, pixels=noise)
        name = uncoded.window("org.boxland.test")
        link = home.ibiza.box("ln", "/display/0", f"/n/den{name}/out")
        ibiza.wait(f"den{name} is not shown: {told}", THERE_S)
        home.ibiza.picture().save(home.out / "uncoded-notice.png")
        den.wait("no encoder works for it", THERE_S)
        uncoded.wait_no_box(link.removeprefix("/n/den"))
        wait_for(lambda: not home.ibiza.node.find("boxview"), within(HERE_S), "the end of boxview")

        window.pixels = None
        window.draw(300, 200)
        view = show(home.ibiza, uncoded, name)
        ibiza = Ear(home.ibiza.boxland)
        window.pixels = noise
        window.draw(300, 200)
        ibiza.wait(f"den{name} was lost: {told}", THERE_S)
        uncoded.wait_no_box(view.link)
        wait_for(lambda: numpy.asarray(view.picture()).std() > 30, within(HERE_S), "the sentence")
        view.picture().save(home.out / "uncoded.png")
        with Hand(home.ibiza, US) as hand:
            hand.click(*view.close_button())
        wait_for(lambda: not home.ibiza.node.find("boxview"), within(HERE_S), "the end of boxview")
