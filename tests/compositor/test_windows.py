# SPDX-License-Identifier: MIT
"""Windows: where they open, how they are moved, sized, stacked and put away."""

import pytest

from wayland.clients import RIGHT, US, Client, Hand, Popup
from wayland.pixels import BLUE, GREEN, RED, bounds

BAR = 32  # height of a titlebar
MAXIMISED, FULLSCREEN, RESIZING, ACTIVATED = b"\1", b"\2", b"\3", b"\4"


@pytest.fixture
def client(desktop):
    with Client(desktop) as made:
        yield made


@pytest.fixture
def hand(desktop):
    with Hand(desktop, US) as made:
        yield made


def place(desktop, colour=RED, name="place"):
    """Where a window of one colour is: x, y, width, height."""
    return bounds(desktop.picture(name), colour)


def test_opens_in_the_middle(desktop, client):
    client.window(400, 300)
    assert place(desktop) == (440, 210, 400, 300)


def test_frame_counts_when_placing(desktop, client):
    client.window(400, 300, decorated=True)
    x, y, width, height = place(desktop)
    assert (x, width, height) == (440, 400, 300)
    assert y - BAR == 720 - (y + height), "as much room above the bar as below"


def test_next_windows_do_not_hide_the_first(desktop, client):
    for argb in (0xffcc2020, 0xff20cc20, 0xff2020cc):
        client.window(400, 300, argb=argb, decorated=True)
    image = desktop.picture("cascade")
    corners = [bounds(image, colour)[:2] for colour in (RED, GREEN, BLUE)]
    assert len(set(corners)) == 3
    for x, y in corners:
        assert 0 <= x <= 1280 - 400 and BAR <= y <= 720 - 300


def test_too_large_a_window_is_made_to_fit(desktop, client):
    window = client.window(3000, 2000, decorated=True)
    client.display.until(lambda: window.width <= 1280, "a smaller size")
    client.display.roundtrip()
    assert place(desktop) == (0, BAR, 1280, 720 - BAR)


def test_drawn_by_us_only_where_wanted(desktop, client):
    window = client.window(400, 300)
    window.destroy()
    client.display.roundtrip()
    window = client.window(400, 300, decorated=True)
    assert window.decoration.last("configure") == (2,)
    window.decoration.set_mode(1)
    client.display.until(lambda: window.decoration.last("configure") == (1,), "the mode")
    client.display.roundtrip()
    bar = desktop.picture("own").getpixel((640, place(desktop)[1] - 10))
    window.decoration.set_mode(2)
    client.display.until(lambda: window.decoration.last("configure") == (2,), "the mode")
    client.display.roundtrip()
    assert desktop.picture("ours").getpixel((640, place(desktop)[1] - 10)) != bar


def test_titlebar_moves_the_window(desktop, client, hand):
    client.window(400, 300, decorated=True)
    x, y, *_ = place(desktop)
    hand.drag((x + 100, y - 16), (x + 200, y + 34))
    assert place(desktop, name="moved") == (x + 100, y + 50, 400, 300)


def test_stays_in_reach(desktop, client, hand):
    client.window(400, 300, decorated=True)
    for target in ((0, 0), (1279, 719), (0, 719), (1279, 0)):
        x, y, *_ = place(desktop)
        hand.drag((x + 200, y - 16), (640, 360))
        hand.drag((640, 360), target)
        desktop.picture(f"reach-{target[0]}-{target[1]}")
        hand.drag((min(max(target[0], 10), 1270), min(max(target[1], 8), 712)), (640, 360))
        x, y, *_ = place(desktop, name="back")
        assert abs(x + 200 - 640) < 130 and abs(y - 16 - 360) < 20, "it could be grasped there"


@pytest.mark.parametrize("where, by, want", [
    ((403, 150), (50, 0), (0, 0, 50, 0)),  # right
    ((-4, 150), (-50, 0), (-50, 0, 50, 0)),  # left
    ((200, 303), (0, 40), (0, 0, 0, 40)),  # bottom
    ((200, -BAR - 4), (0, -40), (0, -40, 0, 40)),  # top
    ((403, 303), (30, 20), (0, 0, 30, 20)),  # lower right corner
    ((-4, -BAR - 4), (30, 20), (30, 20, -30, -20)),  # upper left corner
])
def test_edges_resize(desktop, client, hand, where, by, want):
    window = client.window(400, 300, decorated=True)
    x, y, *_ = place(desktop)
    start = (x + where[0], y + where[1])
    hand.to(*start)
    hand.button(True)
    client.display.until(lambda: RESIZING[0] in window.states, "the state")
    hand.to(start[0] + by[0], start[1] + by[1])
    client.display.until(lambda: (window.width, window.height) == (400 + want[2], 300 + want[3]),
                         "the size")
    hand.button(False)
    client.display.until(lambda: RESIZING[0] not in window.states, "the state's end")
    client.display.roundtrip()
    assert place(desktop, name="resized") == (x + want[0], y + want[1], 400 + want[2],
                                              300 + want[3])


def test_keeps_to_the_clients_limits(desktop, client, hand):
    def limits(window):
        window.toplevel.set_min_size(350, 250)
        window.toplevel.set_max_size(450, 350)
    window = client.window(400, 300, decorated=True, setup=limits)
    x, y, *_ = place(desktop)
    hand.drag((x - 4, y - BAR - 4), (x + 300, y + 300))
    client.display.until(lambda: (window.width, window.height) == (350, 250), "the least size")
    client.display.roundtrip()
    assert place(desktop, name="least") == (x + 50, y + 50, 350, 250), "the lower right corner stays"


def test_super_drag(desktop, client, hand):
    window = client.window(400, 300)
    x, y, *_ = place(desktop)
    hand.key("super", True)
    hand.drag((x + 200, y + 150), (x + 260, y + 170))
    assert place(desktop, name="moved") == (x + 60, y + 20, 400, 300)
    hand.drag((x + 60 + 390, y + 20 + 290), (x + 60 + 400, y + 20 + 320), which=RIGHT)
    hand.key("super", False)
    client.display.until(lambda: (window.width, window.height) == (410, 330), "the size")
    client.display.roundtrip()
    assert place(desktop, name="resized") == (x + 60, y + 20, 410, 330)
    assert not client.pointer.all("button"), "the client has seen nothing of it"


def test_click_raises_and_focuses(desktop, client, hand):
    client.window(400, 300, argb=0xffcc2020)
    client.window(400, 300, argb=0xff20cc20)
    image = desktop.picture("before")
    red, middle = bounds(image, RED), (640, 360)
    assert image.getpixel(middle) == GREEN, "the newer is above"
    hand.click(red[0] + 5, red[1] + 5)
    assert desktop.picture("after").getpixel(middle) == RED


def focused_title(client, windows):
    """Which of the windows has the keyboard."""
    focus = None
    for event, args in client.keyboard.events:
        if event == "enter":
            focus = args[1]
        elif event == "leave":
            focus = None
    return next((name for name, window in windows.items() if window.surface is focus), None)


def test_focus_goes_back_when_a_window_closes(desktop, client, hand):
    windows = {name: client.window(300, 200, title=name) for name in ("one", "two", "three")}
    assert focused_title(client, windows) == "three"
    windows["three"].destroy()
    client.display.roundtrip()
    assert focused_title(client, windows) == "two"


def test_focus_follows_the_pointer_when_asked(new_desktop):
    desktop = new_desktop(config="hint off\nfocus follows\n")
    with Client(desktop) as client, Hand(desktop) as hand:
        windows = {"one": client.window(400, 300, argb=0xffcc2020),
                   "two": client.window(400, 300, argb=0xff20cc20)}
        red = bounds(desktop.picture("two"), RED)
        hand.to(red[0] + 5, red[1] + 5)
        client.display.roundtrip()
        assert focused_title(client, windows) == "one"


def test_close_button_and_key(desktop, client, hand):
    window = client.window(400, 300, decorated=True)
    x, y, width, _ = place(desktop)
    hand.click(x + width - 8 - 14, y - 16)
    client.display.until(lambda: window.closed, "the request to close")
    window.closed = False
    hand.chord("super+q")
    client.display.until(lambda: window.closed, "the request to close")


def test_a_press_that_leaves_the_button_does_nothing(desktop, client, hand):
    window = client.window(400, 300, decorated=True)
    x, y, width, _ = place(desktop)
    hand.drag((x + width - 22, y - 16), (x + 50, y + 100))
    client.display.roundtrip()
    assert not window.closed


def test_buttons_show_the_pointer_over_them(desktop, client, hand):
    client.window(400, 300, decorated=True)
    x, y, width, _ = place(desktop)
    spot = (x + width - 22 - 7, y - 16)
    assert desktop.picture("plain").getpixel(spot)[0] < 90
    hand.to(x + width - 22, y - 16)
    red = desktop.picture("hover", "-s", "1").getpixel(spot)
    assert red[0] > 180 and red[1] < 110
    hand.to(10, 10)
    assert desktop.picture("away").getpixel(spot)[0] < 90


def maximised(client, window, yes=True):
    client.display.until(lambda: (MAXIMISED[0] in window.states) == yes, "the state")
    client.display.roundtrip()


def test_maximise_and_back(desktop, client, hand):
    window = client.window(400, 300, decorated=True)
    before = place(desktop)
    x, y, width, _ = before
    hand.click(x + width - 8 - 28 - 14, y - 16)
    maximised(client, window)
    assert place(desktop, name="large") == (0, BAR, 1280, 720 - BAR)
    window.toplevel.unset_maximized()
    maximised(client, window, False)
    assert place(desktop, name="back") == before
    for _ in range(2):  # a double click on the title
        hand.click(x + 100, y - 16)
    maximised(client, window)
    hand.chord("super+up")
    maximised(client, window, False)
    assert place(desktop, name="again") == before


def test_maximised_is_pulled_off(desktop, client, hand):
    window = client.window(400, 300, decorated=True)
    window.toplevel.set_maximized()
    maximised(client, window)
    hand.drag((640, 16), (640, 200))
    maximised(client, window, False)
    x, y, width, height = place(desktop, name="pulled")
    assert (width, height) == (400, 300)
    assert x < 640 < x + width and y - BAR < 200 < y, "the pointer is still on its bar"


def test_opens_maximised(desktop, client):
    window = client.window(400, 300, setup=lambda made: made.toplevel.set_maximized())
    assert (window.width, window.height) == (1280, 720)
    assert place(desktop) == (0, 0, 1280, 720)
    window.toplevel.unset_maximized()
    maximised(client, window, False)
    assert place(desktop)[2] < 1280


def test_fullscreen_and_back(desktop, client, hand):
    window = client.window(400, 300, decorated=True)
    before = place(desktop)
    hand.chord("super+f")
    client.display.until(lambda: FULLSCREEN[0] in window.states, "the state")
    client.display.roundtrip()
    assert place(desktop, name="full") == (0, 0, 1280, 720)
    hand.chord("super+f")
    client.display.until(lambda: FULLSCREEN[0] not in window.states, "the state's end")
    client.display.roundtrip()
    assert place(desktop, name="back") == before


def test_small_fullscreen_window_stands_on_black(desktop, client):
    window = client.window(400, 300)
    window.handle_configure = None
    window.toplevel.on["configure"] = lambda width, height, states: window.states.update(states)
    window.toplevel.set_fullscreen(None)
    client.display.until(lambda: FULLSCREEN[0] in window.states, "the state")
    client.display.roundtrip()
    image = desktop.picture("black")
    assert bounds(image, RED) == (440, 210, 400, 300)
    assert image.getpixel((5, 5)) == image.getpixel((1275, 715)) == (0, 0, 0)


def test_another_window_is_seen_over_a_fullscreen_one(desktop, client, hand):
    full = client.window(400, 300, argb=0xffcc2020)
    full.toplevel.set_fullscreen(None)
    client.display.until(lambda: FULLSCREEN[0] in full.states, "the state")
    client.window(300, 200, argb=0xff20cc20)
    assert bounds(desktop.picture("over"), GREEN)[2:] == (300, 200)
    hand.chord("alt+tab")
    client.display.roundtrip()
    assert bounds(desktop.picture("full"), RED) == (0, 0, 1280, 720)
    hand.chord("alt+tab")
    client.display.roundtrip()
    assert bounds(desktop.picture("again"), GREEN)[2:] == (300, 200)


def test_minimised_is_in_the_switcher(desktop, client, hand):
    windows = {"one": client.window(300, 200, argb=0xffcc2020, title="one"),
               "two": client.window(300, 200, argb=0xff20cc20, title="two", decorated=True)}
    green = bounds(desktop.picture("both"), GREEN)
    hand.click(green[0] + green[2] - 8 - 2 * 28 - 14, green[1] - 16)
    client.display.roundtrip()
    assert bounds(desktop.picture("away"), GREEN) is None
    assert focused_title(client, windows) == "one"
    hand.chord("alt+tab")
    client.display.roundtrip()
    assert bounds(desktop.picture("back"), GREEN) == green
    assert focused_title(client, windows) == "two"


def test_switcher_walks_and_can_be_left(desktop, client, hand):
    windows = {name: client.window(300, 200, title=name) for name in ("one", "two", "three")}

    def after(*keys):
        hand.key("alt", True)
        for key in keys:
            if key == "shift+tab":
                hand.chord("shift+tab")
            else:
                hand.key(key, True)
                hand.key(key, False)
        hand.key("alt", False)
        client.display.roundtrip()
        return focused_title(client, windows)

    assert after("tab") == "two"
    assert after("tab") == "three"
    assert after("tab", "tab") == "one"
    assert after("shift+tab") == "two"
    assert after("tab", "esc") == "two"
    assert after("tab", "down", "up", "enter") == "one"
    assert not client.keyboard.all("key") or all(
        args[2] not in (15, 1, 103, 108) for args in client.keyboard.all("key")), \
        "its keys reach no client"


def test_dialog_whose_parent_comes_later_goes_over_it(desktop, client, hand):
    """As when the picture of a remote dialog is there before its window's; unless it was moved."""
    dialog = client.window(200, 100, argb=0xff20cc20)
    moved = client.window(200, 100, argb=0xff2020cc, decorated=True)
    x, y, _, _ = place(desktop, BLUE)
    hand.drag((x + 60, y - BAR // 2), (260, 400))
    parent = client.window(600, 400, decorated=True)
    x, y, _, _ = place(desktop)
    hand.drag((x + 60, y - BAR // 2), (x + 160, y + 60))
    client.display.roundtrip()
    before = place(desktop, BLUE)
    for window in (dialog, moved):
        window.toplevel.set_parent(parent.toplevel)
    client.display.roundtrip()
    image = desktop.picture("joined")
    (px, py, _, _), green = bounds(image, RED), bounds(image, GREEN)
    assert (green[0] - px, green[1] - py) == (200, 150 - BAR // 2)
    assert bounds(image, BLUE)[:2] == before[:2]


def test_dialog_opens_over_its_parent_and_stays_there(desktop, client, hand):
    parent = client.window(600, 400, argb=0xffcc2020)
    client.window(300, 200, argb=0xff2020cc)
    dialog = client.window(200, 100, argb=0xff20cc20, parent=parent)
    image = desktop.picture("dialog")
    red, green = bounds(image, RED), bounds(image, GREEN)
    assert abs(red[0] + 300 - (green[0] + 100)) <= 1 and abs(red[1] + 200 - (green[1] + 50)) <= 1
    hand.click(red[0] + 5, red[1] + 5)
    image = desktop.picture("raised")
    assert bounds(image, GREEN) == green, "raising the parent leaves the dialog above it"
    dialog.destroy()


def test_client_moves_its_own_window(desktop, client, hand):
    window = client.window(400, 300)
    x, y, *_ = place(desktop)
    hand.to(x + 50, y + 20)
    hand.button(True)
    client.display.until(lambda: client.pointer.last("button"), "the press")
    window.toplevel.move(client.seat, client.pointer.last("button")[0])
    client.display.roundtrip()
    hand.to(x + 90, y + 50)
    hand.button(False)
    assert place(desktop, name="moved") == (x + 40, y + 30, 400, 300)
    hand.click(x + 100, y + 100)
    client.display.until(lambda: client.pointer.last("button")[3] == 0, "the next click, whole")
    assert [args[3] for args in client.pointer.all("button")] == [1, 1, 0]


def test_nobody_moves_a_window_without_a_button(desktop, client, hand):
    window = client.window(400, 300)
    x, y, *_ = place(desktop)
    hand.to(x + 50, y + 20)
    client.display.roundtrip()
    window.toplevel.move(client.seat, client.pointer.last("enter")[0])
    client.display.roundtrip()
    hand.to(x + 90, y + 50)
    assert place(desktop, name="still") == (x, y, 400, 300)


def test_a_pressed_button_keeps_the_pointer(desktop, client, hand):
    client.window(400, 300)
    x, y, *_ = place(desktop)
    hand.to(x + 50, y + 50)
    hand.button(True)
    hand.to(x - 100, y - 100)
    client.display.roundtrip()
    assert client.pointer.last("motion")[1:] == (-100, -100)
    assert not client.pointer.all("leave")
    hand.button(False)
    client.display.until(lambda: client.pointer.all("leave"), "the pointer's going")
    assert client.pointer.last("button")[3] == 0


SLIDE, FLIP = 1 | 2, 4 | 8


@pytest.mark.parametrize("adjustment", [SLIDE, FLIP])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_popups_stay_on_the_screen(desktop, client, hand, adjustment, corner):
    window = client.window(300, 200)
    x, y, *_ = place(desktop)
    hand.key("super", True)
    hand.drag((x + 150, y + 100), (1279 * corner[0], 719 * corner[1]))
    hand.key("super", False)
    anchor = (20 + 200 * (1 - corner[0]), 20 + 100 * (1 - corner[1]))
    Popup(window, *anchor, 180, 160, adjustment=adjustment)
    assert bounds(desktop.picture("popup"), GREEN)[2:] == (180, 160)


def test_popups_popup_too(desktop, client):
    window = client.window(1200, 650)
    menu = Popup(window, 1000, 500, 150, 100, adjustment=SLIDE)
    menu.client = client
    submenu = Popup(menu, 140, 80, 200, 150, argb=0xff2020cc, adjustment=FLIP)
    assert submenu.place
    image = desktop.picture("menus")
    assert bounds(image, BLUE)[2:] == (200, 150)


def test_unmapped_and_mapped_again(desktop, client):
    window = client.window(400, 300)
    window.surface.attach(None, 0, 0)
    window.surface.commit()
    client.display.roundtrip()
    assert place(desktop) is None
    drawn = window.drawn
    window.surface.commit()
    client.display.until(lambda: window.drawn > drawn, "a new first configure")
    client.display.roundtrip()
    assert place(desktop, name="again")[2:] == (400, 300)


def test_static_desktop_draws_nothing(desktop, client):
    client.window(400, 300, decorated=True)
    desktop.picture("static")
    # A client that runs for a second and a half, so that a desktop which draws would have drawn a
    # hundred frames; the count is told at the end.
    desktop.run("sh", "-c", "sleep 1.5")
    assert desktop.stop() == 0
    (told,) = [line for line in desktop.log().splitlines() if "frames drawn" in line]
    assert int(told.split(":")[-1].split()[0]) < 20
