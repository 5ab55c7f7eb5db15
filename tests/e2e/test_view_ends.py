# SPDX-License-Identifier: MIT
"""How a view of den's window on ibiza ends, at either side, and what is left: no program, no box,
and the application unless it was asked to close. Programs that are killed are in test_view_lost.py.
"""

import types

import pytest

from net.household import Household, pair
from net.place import wait_for
from net.remote import show
from wayland.clients import Client, Hand, US

BOB_MAY_LOOK = ("bob ksgl", "bob ks")  # the window and what is in it; its keyboard and pointer


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and ibiza, and her friend Bob's machine."""
    den, ibiza = (Household(lab.node(name, person="ann")) for name in ("den", "ibiza"))
    friend = Household(lab.node("friend", person="bob"))
    for node, size in ((den, "800x600"), (ibiza, "1024x640"), (friend, "800x600")):
        node.start(size)
    den.box("init", "--person", "ann")
    friend.box("init", "--person", "bob")
    pair(den, ibiza, mine=True)
    pair(den, friend)
    return types.SimpleNamespace(lab=lab, den=den, ibiza=ibiza, friend=friend, out=module_artefacts)


@pytest.fixture
def client(home):
    """A Wayland client on den."""
    with Client(home.den) as made:
        yield made


@pytest.fixture
def window(client):
    """A window of it."""
    return client.window(width=300, height=200, title="Letters")


@pytest.fixture
def view(home, window):
    """That window on ibiza."""
    return show(home.ibiza, home.den, home.den.window("org.boxland.test"))


@pytest.fixture
def hand(home):
    """Somebody at ibiza, with a whole keyboard."""
    with Hand(home.ibiza, US) as made:
        yield made


def check_open(client, window):
    """The application has its window and was not asked to close it."""
    client.display.roundtrip()
    assert not window.closed
    assert "closed" not in [event for event, _ in window.toplevel.events]


# --- in order -------------------------------------------------------------------------------------


def test_the_link_is_deleted(home, client, window, view):
    home.ibiza.box("rm", f"/n/den{view.link}")
    view.wait_ended()
    check_open(client, window)


def test_the_view_is_deleted_where_it_is_seen(home, client, window, view):
    home.ibiza.box("rm", view.box)
    view.wait_ended()
    check_open(client, window)


def test_its_close_button_asks_the_application(client, window, view, hand):
    hand.click(*view.close_button())
    client.display.until(lambda: window.closed, "being asked to close")
    assert view.is_shown() and view.state() == "up", "the application decides"
    window.destroy()
    client.display.roundtrip()
    view.wait_ended()


def test_deleting_its_window_asks_the_application(home, client, window, view):
    home.ibiza.box("rm", view.window)
    client.display.until(lambda: window.closed, "being asked to close")
    window.destroy()
    client.display.roundtrip()
    view.wait_ended()


def test_the_application_ends(client, view):
    client.close()
    view.wait_ended()


def test_nothing_ends_a_window_at_rest(home, client, window, view):
    """No frame flows for longer than a silent node is waited for."""
    program, = home.den.node.find("boxcast")
    capture = home.lab.capture(home.out / "rest.pcap")
    wait_for(lambda: len(times := [frame.time for frame in capture.frames()]) > 1 and
             times[-1] - times[0] > 5, 30, "five seconds on the wire")
    capture.stop()
    assert view.state() == "up" and view.is_shown()
    assert [each["pid"] for each in home.den.node.find("boxcast")] == [program["pid"]]
    view.end()
    check_open(client, window)


# --- several, and who may what --------------------------------------------------------------------


@pytest.fixture
def looking(home, view):
    """Bob sees the window too, and may only look."""
    whole, devices = BOB_MAY_LOOK
    home.den.box("chinfo", view.remote, "acl", whole)
    for device in ("kbd", "ptr"):
        home.den.box("chinfo", f"{view.remote}/{device}", "acl", devices)
    home.friend.box("chinfo", "/display/0", "acl", "ann kp")
    return show(home.friend, home.den, view.remote, name="ann.den")


def test_a_friend_looks_on_and_that_is_all(home, client, view, looking, hand):
    assert home.friend.text(f"{looking.window}/title") == "Letters — ann.den"
    with Hand(home.friend, US) as bob:
        bob.click(*looking.middle())
        bob.chord("a")
        hand.click(*view.middle())
        hand.chord("s")
        client.display.until(lambda: len(client.keyboard.all("key")) >= 2, "the key of ann")
    assert [args[2] for args in client.keyboard.all("key")] == [31, 31]
    assert len(client.pointer.all("button")) == 2
    home.friend.picture().save(home.out / "friend.png")
    home.ibiza.picture().save(home.out / "ibiza.png")
    home.den.box("rm", looking.link)
    wait_for(lambda: not home.friend.node.find("boxview"), 10, "the end of bob's view")
    assert view.state() == "up"
    view.end()


def test_who_may_only_look_closes_the_view_alone(home, client, window, view, looking):
    with Hand(home.friend, US) as bob:
        bob.click(*looking.close_button())
    wait_for(lambda: not home.friend.node.find("boxview"), 10, "the end of bob's view")
    home.den.wait_no_box(looking.link)
    assert not home.friend.has_box(looking.box)
    check_open(client, window)
    assert view.state() == "up"
    view.end()
