# SPDX-License-Identifier: MIT
"""A link between two friends' nodes, that a third asked for: what is used is used in her name, for a
day at a time, by grants that her boxd gives; never without.

Ann's laptop asks. Alice's den has the window, and Bob's pc the keyboard: neither of the two would do
anything for the other. All clocks are wrong by what a file says, so a day passes when it is told to.
"""

import pytest

from keyboards import Listener, hand_of, lent_to, state_of
from net.household import Household, pair
from net.place import wait_for
from wayland.clients import KEYS, US_ROWS

HOUR_S = 3600
PC_KBD = "/n/bob.pc/kbd/0"


class Town:
    """The three of them."""

    def __init__(self, lab, program):
        self.lab = lab
        wrong = {"LD_PRELOAD": program("clock.so"), "CLOCK_WRONG_FILE": "/tmp/wrong"}
        self.laptop = Household(lab.node("laptop", env=wrong))
        self.den = Household(lab.node("den", person="alice", env=wrong),
                             boxland_conf="hint off\naccess /win ann ksld\n")
        self.pc = Household(lab.node("pc", person="bob", env=wrong),
                            boxland_conf="hint off\naccess /kbd ann ksg\naccess /display ann ksp\n")
        self.homes = [self.laptop, self.den, self.pc]
        self.pass_hours(0)
        self.laptop.start()
        for home in (self.den, self.pc):
            home.start(desktop="640x480")
        for home in self.homes:
            home.box("init", "--person", home.person)
        pair(self.laptop, self.den)
        pair(self.laptop, self.pc)
        pair(self.den, self.pc)

    def pass_hours(self, hours):
        """It is so much later than when all began."""
        for home in self.homes:
            home.node.write_file("/tmp/wrong", str(hours * HOUR_S))

    def away(self, home):
        """Cut off, and everybody has seen it."""
        self.lab.cut(home.node)
        wait_for(lambda: lent_to(self.pc) is None, 20, "the end of what went on")

    def back(self, home):
        self.lab.mend(home.node)


@pytest.fixture(scope="module")
def town(lab, program):
    return Town(lab, program)


@pytest.fixture
def listener(town):
    """A window on den."""
    made = Listener(town.den)
    yield made
    made.close()
    town.den.wait_no_box(made.window)


def link_of(done):
    """What box ln printed, whether the link was up at once or not; as its own node names it."""
    return done.stdout.decode().split()[0].removeprefix("/n/alice.den")


def lend(town, listener):
    """What Ann asks for; the link's name at den."""
    return link_of(town.laptop.run("ln", PC_KBD, f"/n/alice.den{listener.window}/kbd"))


def wait_state(home, link, begins, timeout=30):
    return wait_for(lambda: (state_of(home, link) or "").startswith(begins), timeout,
                    f"{link} to be {begins}, and not {state_of(home, link)}")


def test_in_the_askers_name(town, listener):
    """Bob's keys arrive at Alice's, and at Bob's it is Ann who has his keyboard."""
    link = lend(town, listener)
    wait_state(town.den, link, "up")
    assert lent_to(town.pc) == "ann/laptop"
    with hand_of(town.pc) as bob:
        bob.write("a", US_ROWS)
        listener.wait_key("a", 1)
        listener.wait_key("a", 0)
    town.laptop.box("rm", f"/n/alice.den{link}")
    wait_for(lambda: lent_to(town.pc) is None, 10, "the end of lending")


def test_what_goes_out(town, listener):
    """A window of Alice's on Bob's display, because Ann has both."""
    link = town.laptop.box("ln", "/n/bob.pc/display/0", f"/n/alice.den{listener.window}/out")
    wait_state(town.den, link.removeprefix("/n/alice.den"), "up")
    town.pc.wait_box("/display/0/0")
    assert "by ann/laptop" in town.pc.box("info", "/display/0/0")
    town.laptop.box("rm", link)
    town.pc.wait_no_box("/display/0/0")


def test_nobody_else(town, listener):
    """Alice's node has nothing of Bob's by it, nor what Ann has not; and who is forgotten loses it."""
    own = link_of(town.den.run("ln", PC_KBD, f"{listener.window}/kbd"))
    wait_state(town.den, own, "refused ENOENT")
    town.den.box("rm", own)
    town.pc.box("chinfo", "/kbd/0", "acl", "ann ks")
    link = lend(town, listener)
    wait_state(town.den, link, "refused EPERM ann may not getmem")
    town.pc.box("chinfo", "/kbd/0", "acl", "ann ksg")
    wait_state(town.den, link, "up")
    assert "takes nothing but a newer grant" in town.laptop.refused(
        "ln", "/n/alice.den/null", f"/n/alice.den{link}")
    town.laptop.box("rm", f"/n/alice.den{link}")


def test_for_a_day(town, listener):
    """Renewed in good time by Ann's boxd. When that is away for longer the link is refused, and up
    again once she is back."""
    link = lend(town, listener)
    wait_state(town.den, link, "up")
    town.pass_hours(13)
    town.laptop.box("rm", f"/n/alice.den{lend(town, listener)}")  # so it looks at its clock
    town.pass_hours(24.5)  # what was given at first has run out
    town.away(town.den)
    town.back(town.den)
    wait_state(town.den, link, "up")
    assert lent_to(town.pc) == "ann/laptop"

    town.lab.cut(town.laptop.node)
    town.pass_hours(60)
    town.away(town.pc)
    town.back(town.pc)
    wait_state(town.den, link, "refused EPERM the grant ran out")
    town.back(town.laptop)
    wait_for(lambda: town.laptop.has_box("/n/alice.den/ads"), 20, "den, seen from laptop")
    wait_state(town.den, link, "up")


def test_who_is_forgotten(town, listener):
    """What goes on in her name ends with her."""
    link = lend(town, listener)
    wait_state(town.den, link, "up")
    town.pc.box("rm", "/peer/ann.laptop")
    wait_for(lambda: lent_to(town.pc) is None, 5, "the end of lending")
    wait_state(town.den, link, "refused EPERM the grant is of a person who is not known here")
