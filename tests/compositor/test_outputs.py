# SPDX-License-Identifier: MIT
"""Screens that come, go and change, and what becomes of the windows."""

import pytest

from wayland.clients import US, Client, Hand
from wayland.pixels import GREEN, RED, bounds


@pytest.fixture
def two(new_desktop):
    """HEADLESS-1 at the left, HEADLESS-2 at the right."""
    return new_desktop(config="hint off\noutput HEADLESS-1 position 0,0\n"
                              "output HEADLESS-2 position 1280,0\n",
                       args=["--headless", "800x600"])


def test_windows_of_a_screen_that_goes_are_brought_along(two):
    with Client(two) as client, Hand(two) as hand:
        client.window(300, 200, decorated=True)
        x, y, *_ = bounds(two.picture("left"), RED)
        # The hand's extent is the first screen; a grip and relative steps go further.
        hand.to(x + 50, y - 16)
        hand.button(True)
        for _ in range(10):
            hand.by(100, 0)
        hand.button(False)
        assert bounds(two.picture("right", "-o", "HEADLESS-2"), RED)[2:] == (300, 200)
        two.run("wlr-randr", "--output", "HEADLESS-2", "--off")
        assert bounds(two.picture("alone"), RED)[2:] == (300, 200)
        two.run("wlr-randr", "--output", "HEADLESS-2", "--on")


def test_all_screens_go_and_one_returns(desktop):
    with Client(desktop) as client:
        window = client.window(300, 200)
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--off")
        second = client.window(200, 100, argb=0xff20cc20)
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--on")
        client.display.roundtrip()
        image = desktop.picture("back")
        assert bounds(image, RED)[2:] == (300, 200)
        assert bounds(image, GREEN)[2:] == (200, 100)
        window.destroy()
        second.destroy()


def test_maximised_follows_the_size(desktop):
    with Client(desktop) as client:
        window = client.window(300, 200, decorated=True)
        window.toplevel.set_maximized()
        client.display.until(lambda: window.width == 1280, "the size")
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--custom-mode", "1000x600")
        client.display.until(lambda: (window.width, window.height) == (1000, 600 - 32), "the size")


@pytest.mark.parametrize("scale", [1, 1.25, 1.5, 2])
def test_titlebar_is_sharp_at_any_scale(new_desktop, scale):
    """Drawn in the pixels of the screen: the same drawing larger, not a larger picture of it."""
    desktop = new_desktop(config=f"hint off\noutput HEADLESS-1 scale {scale}\n")
    with Client(desktop) as client:
        client.window(301, 200, decorated=True, title="IIIIIIII")
        image = desktop.picture("scaled")
        x, y, width, height = bounds(image, RED)
        assert abs(width - 301 * scale) <= 4 and abs(height - 200 * scale) <= 4
        bar = image.convert("L").crop((x + width // 2 - 60, y - int(26 * scale),
                                       x + width // 2 + 60, y - int(8 * scale)))
        # Upright strokes: somewhere two neighbours differ nearly as much as ink and ground do.
        steps = [abs(bar.getpixel((i, j)) - bar.getpixel((i + 1, j)))
                 for i in range(bar.width - 1) for j in range(bar.height)]
        assert max(steps) > 110


def test_windows_stay_on_a_screen_that_shrinks(desktop):
    with Client(desktop) as client:
        client.window(300, 200, decorated=True)
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--custom-mode", "640x360")
        client.display.roundtrip()
        assert bounds(desktop.picture("shrunk"), RED)[2:] == (300, 200)


def test_clients_are_told_the_scale(desktop):
    with Client(desktop) as client:
        window = client.window(300, 200)
        manager = client.display.bind("wp_fractional_scale_manager_v1")
        scale = manager.get_fractional_scale(window.surface)
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--scale", "1.5")
        client.display.until(lambda: scale.last("preferred_scale") == (180,), "1.5 in 120ths")
        assert window.surface.last("preferred_buffer_scale") == (2,)


def test_power_goes_and_returns(desktop):
    with Client(desktop) as client:
        client.window(300, 200)
        manager = client.display.bind("zwlr_output_power_manager_v1")
        power = manager.get_output_power(client.display.bind("wl_output"))
        client.display.roundtrip()
        assert power.last("mode") == (1,)
        power.set_mode(0)
        client.display.until(lambda: power.last("mode") == (0,), "the dark")
        power.set_mode(1)
        client.display.until(lambda: power.last("mode") == (1,), "the light")
        client.display.roundtrip()
        assert bounds(desktop.picture("light"), RED) == (490, 260, 300, 200)


def test_fullscreen_on_a_named_screen(two):
    with Client(two) as client:
        window = client.window(300, 200)
        outputs = [client.display.bind("wl_output", i) for i in range(2)]
        client.display.roundtrip()
        right = next(output for output in outputs if output.last("name") == ("HEADLESS-2",))
        window.toplevel.set_fullscreen(right)
        client.display.until(lambda: (window.width, window.height) == (800, 600), "its size")
        client.display.roundtrip()
        assert bounds(two.picture("right", "-o", "HEADLESS-2"), RED) == (0, 0, 800, 600)
        two.run("wlr-randr", "--output", "HEADLESS-2", "--off")
        client.display.until(lambda: (window.width, window.height) == (1280, 720), "the other's")


def test_switcher_and_notices_without_a_screen(desktop):
    with Client(desktop) as client, Hand(desktop, US) as hand:
        client.window()
        client.window()
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--off")
        hand.chord("alt+tab")
        hand.chord("super+h")
        hand.chord("super+shift+e")
        desktop.run("wlr-randr", "--output", "HEADLESS-1", "--on")
        assert desktop.process.poll() is None
