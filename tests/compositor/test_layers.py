# SPDX-License-Identifier: MIT
"""Panels and the like: where they stick, what they leave, which have the keyboard."""

import pytest

from wayland import wl
from wayland.clients import US, Client, Hand, Popup
from wayland.pixels import BLUE, GREEN, RED, bounds

BACKGROUND, BOTTOM, TOP, OVERLAY = range(4)
UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
NONE, EXCLUSIVE, ON_DEMAND = range(3)


class Panel:
    def __init__(self, client, layer=TOP, anchor=UP | LEFT | RIGHT, size=(0, 30), zone=30,
                 keyboard=NONE, argb=0xff20cc20, setup=None):
        shell = client.display.bind("zwlr_layer_shell_v1")
        self.client = client
        self.surface = client.compositor.create_surface()
        self.layer = shell.get_layer_surface(self.surface, None, layer, "panel")
        self.layer.set_anchor(anchor)
        self.layer.set_size(*size)
        self.layer.set_exclusive_zone(zone)
        self.layer.set_keyboard_interactivity(keyboard)
        if setup:
            setup(self)
        self.size = None

        def configure(serial, width, height):
            self.layer.ack_configure(serial)
            self.size = (width, height)
            self.surface.attach(wl.buffer(client.shm, width, height, argb), 0, 0)
            self.surface.damage_buffer(0, 0, width, height)
            self.surface.commit()
        self.layer.on["configure"] = configure
        self.surface.commit()
        client.display.until(lambda: self.size or self.layer.last("closed") is not None,
                             "the panel's size")
        client.display.roundtrip()


@pytest.fixture
def client(desktop):
    with Client(desktop) as made:
        yield made


def test_panel_keeps_its_part(desktop, client):
    window = client.window(300, 200, decorated=True)
    window.toplevel.set_maximized()
    client.display.until(lambda: window.height == 720 - 32, "the whole screen")
    panel = Panel(client)
    assert panel.size == (1280, 30)
    client.display.until(lambda: window.height == 720 - 32 - 30, "what is left")
    client.display.roundtrip()
    image = desktop.picture("panel")
    assert bounds(image, GREEN) == (0, 0, 1280, 30)
    assert bounds(image, RED) == (0, 62, 1280, 658)
    panel.layer.destroy()
    panel.surface.destroy()
    client.display.until(lambda: window.height == 720 - 32, "the whole screen again")


@pytest.mark.parametrize("anchor, size, want", [
    (DOWN | LEFT | RIGHT, (0, 40), (0, 680, 1280, 40)),
    (LEFT | UP | DOWN, (50, 0), (0, 0, 50, 720)),
    (RIGHT, (50, 100), (1230, 310, 50, 100)),
    (UP | RIGHT, (60, 20), (1220, 0, 60, 20)),
    (0, (200, 100), (540, 310, 200, 100)),
])
def test_anchors(desktop, client, anchor, size, want):
    Panel(client, anchor=anchor, size=size, zone=0)
    assert bounds(desktop.picture("anchored"), GREEN) == want


def test_layers_are_in_order(desktop, client):
    client.window(400, 300)
    for layer, argb in ((BOTTOM, 0xff20cc20), (TOP, 0xff2020cc)):
        Panel(client, layer=layer, anchor=0, size=(200, 200), zone=0, argb=argb)
    image = desktop.picture("layers")
    assert bounds(image, GREEN) is None, "the window covers the lower"
    assert bounds(image, BLUE)[2:] == (200, 200), "the upper covers the window"


def test_fullscreen_covers_a_panel(desktop, client):
    Panel(client)
    window = client.window(400, 300)
    window.toplevel.set_fullscreen(None)
    client.display.until(lambda: window.height == 720, "the screen")
    client.display.roundtrip()
    assert bounds(desktop.picture("full"), GREEN) is None


def test_exclusive_keyboard(desktop, client):
    window = client.window(300, 200)
    panel = Panel(client, keyboard=EXCLUSIVE, anchor=0, size=(100, 100), zone=0)
    assert client.keyboard.last("enter")[1] is panel.surface
    second = client.window(300, 200, title="second")
    assert client.keyboard.last("enter")[1] is panel.surface, "a new window does not get it"
    panel.layer.destroy()
    client.display.until(lambda: client.keyboard.last("enter")[1] is second.surface, "its return")
    window.destroy()


def test_keyboard_on_demand(desktop, client):
    window = client.window(300, 200)
    panel = Panel(client, keyboard=ON_DEMAND, anchor=UP | LEFT, size=(100, 100), zone=0)
    assert client.keyboard.last("enter")[1] is window.surface
    with Hand(desktop) as hand:
        hand.click(50, 50)
        client.display.until(lambda: client.keyboard.last("enter")[1] is panel.surface, "a click")
        hand.click(640, 360)
        client.display.until(lambda: client.keyboard.last("enter")[1] is window.surface, "a click")


def test_click_on_a_plain_panel_leaves_the_keyboard(desktop, client):
    window = client.window(300, 200)
    Panel(client)
    with Hand(desktop) as hand:
        hand.click(50, 10)
        client.display.until(lambda: client.pointer.last("button"), "the click")
        assert client.keyboard.last("enter")[1] is window.surface
        assert not client.keyboard.all("leave")


def test_popup_of_a_panel_is_above_windows(desktop, client):
    client.window(1000, 600)
    panel = Panel(client, anchor=DOWN | LEFT | RIGHT, size=(0, 30), argb=0xff2020cc)
    positioner = client.wm.create_positioner()
    positioner.set_size(200, 150)
    positioner.set_anchor_rect(600, 0, 1, 1)
    positioner.set_anchor(1)  # top
    positioner.set_gravity(1)
    surface = client.compositor.create_surface()
    xdg = client.wm.get_xdg_surface(surface)
    popup = xdg.get_popup(None, positioner)
    panel.layer.get_popup(popup)

    def draw(serial):
        xdg.ack_configure(serial)
        surface.attach(wl.buffer(client.shm, 200, 150, 0xff20cc20), 0, 0)
        surface.commit()
    xdg.on["configure"] = draw
    surface.commit()
    client.display.until(lambda: xdg.last("configure"), "the popup's place")
    client.display.roundtrip()
    x, y, width, height = bounds(desktop.picture("popup"), GREEN)
    assert (width, height) == (200, 150) and y + height == 690


def test_popups_of_windows_keep_off_a_panel(desktop, client):
    Panel(client, argb=0xff2020cc)
    window = client.window(300, 200)
    with Hand(desktop, US) as hand:
        hand.key("super", True)
        x, y, *_ = bounds(desktop.picture("before"), RED)
        hand.drag((x + 150, y + 100), (640, 0))
        hand.key("super", False)
    popup = Popup(window, 10, -100, 100, 80, adjustment=1 | 2)
    assert popup.place
    assert bounds(desktop.picture("popup"), GREEN) == (bounds(desktop.picture("popup"), GREEN)[0],
                                                       30, 100, 80)


def test_closed_with_its_output(new_desktop):
    desktop = new_desktop(config="hint off\n", args=["--headless", "800x600"])
    with Client(desktop) as client:
        shell = client.display.bind("zwlr_layer_shell_v1")
        outputs = [client.display.bind("wl_output", i) for i in range(2)]
        client.display.roundtrip()
        right = next(output for output in outputs if output.last("name") == ("HEADLESS-2",))
        surface = client.compositor.create_surface()
        layer = shell.get_layer_surface(surface, right, TOP, "panel")
        layer.set_size(100, 100)
        surface.commit()
        client.display.until(lambda: layer.last("configure"), "its size")
        desktop.run("wlr-randr", "--output", "HEADLESS-2", "--off")
        client.display.until(lambda: layer.last("closed") is not None, "the end")


def test_refused_without_a_screen(desktop, client):
    desktop.run("wlr-randr", "--output", "HEADLESS-1", "--off")
    assert Panel(client).layer.last("closed") is not None
    desktop.run("wlr-randr", "--output", "HEADLESS-1", "--on")
