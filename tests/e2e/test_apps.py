# SPDX-License-Identifier: MIT
"""Programs that people use, of den's, on ibiza's desktop: a terminal that scrolls, a film, a GTK
program with its menus and its dialog. What is seen on ibiza is what den drew. chocolate-doom is
played in test_view.py.
"""

import io
import time
import types

import pytest
from PIL import Image
from moments import Watch, compare, pixels

from net.household import two_desktops
from net.place import wait_for
from net.remote import View, show
from wayland.clients import Hand, US

# As on a machine without a GPU; nothing of it needs a session bus.
GTK_ENV = {"GSK_RENDERER": "cairo", "GTK_A11Y": "none", "GSETTINGS_BACKEND": "memory"}
FILM_S, FILM_SIZE = 8, "480x270"
FILM = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i",
        f"testsrc=size={FILM_SIZE}:rate=24:duration={FILM_S}", "-c:v", "libx264", "-preset",
        "ultrafast", "-pix_fmt", "yuv420p"]
GOOD_DB = 26  # of a picture in motion; another moment is below 20
PATIENCE_S = 60


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and ibiza, paired."""
    den, ibiza = two_desktops(lab, "1024x768", "1024x768")
    return types.SimpleNamespace(den=den, ibiza=ibiza, out=module_artefacts)


@pytest.fixture
def hand(home):
    """Somebody at ibiza, with a whole keyboard."""
    with Hand(home.ibiza, US) as made:
        yield made


def screen(home, name):
    """All of ibiza's desktop as any screenshot program sees it, kept as name.png."""
    png = home.ibiza.node.run(["grim", "-"], env=home.ibiza.wayland).stdout
    (home.out / f"{name}.png").write_bytes(png)
    return Image.open(io.BytesIO(png)).convert("RGB")


def seen(home, view, name):
    """What is seen at a view's place."""
    x, y, width, height = view.geom()
    return screen(home, name).crop((x, y, x + width, y + height))


def wait_exact(home, hand, view, name):
    """Waits until every pixel of a view at rest is den's; the pointer is out of the way."""
    hand.to(1, 1)

    def same():
        here, there = seen(home, view, name), home.den.picture(f"{view.remote}/frame")
        return here.size == there.size and (pixels(here) == pixels(there)).all() and here

    return wait_for(same, PATIENCE_S, f"{view.remote} to be exactly what den drew")


def other_lines(now, before):
    """The picture now, if its lines are not those before; they are all at the left."""
    return (pixels(now)[:, :100] != pixels(before)[:, :100]).any() and now


def test_foot_scrolls(home, hand):
    """A shell that is typed into through the view, and a wheel that turns back what it said."""
    foot = home.den.client("foot", "--app-id", "foot", "--window-size-pixels", "640x400",
                           "sh", env={"PS1": "$ "})
    view = show(home.ibiza, home.den, home.den.window("foot"))
    hand.click(*view.middle())
    hand.type("until test -e stop; do seq $((i+=40)); sleep .1; done; seq 999\n")
    moving = [seen(home, view, "foot")]
    while len(moving) < 4:
        moving.append(wait_for(lambda: other_lines(seen(home, view, "foot"), moving[-1]), 20,
                               "other lines"))
    home.den.node.write_file(f"{home.den.node.home}/stop", "")
    bottom = wait_exact(home, hand, view, "foot-at-rest")
    hand.to(*view.middle())
    hand.scroll(-20)
    wait_for(lambda: other_lines(seen(home, view, "foot-back"), bottom), 20, "the lines before")
    wait_exact(home, hand, view, "foot-back")
    view.end()
    foot.stop()


def test_mpv_plays(home, hand):
    """A film: at moments taken at random both sides show the same, and not the one before."""
    film = f"{home.den.node.home}/film.mkv"
    home.den.node.run([*FILM, film])
    mpv = home.den.client("mpv", "--no-config", "--vo=wlshm", "--loop", "--no-osc", "--no-audio",
                          film)
    view = show(home.ibiza, home.den, home.den.window("mpv"))
    hand.to(1, 1)
    found = []
    with Watch(view) as watch:
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < 5:
            assert time.monotonic() < deadline, f"{len(found)} moments in {PATIENCE_S} s"
            moment = compare(home, view, watch)
            if moment and moment[0] not in {each[0] for each in found}:
                found.append(moment)
    assert min(quality for _, quality, _ in found) >= GOOD_DB, [each[1] for each in found]
    for one, other in zip(found, found[1:]):
        assert (abs(one[2] - other[2]).max(axis=2) > 24).any(), "the film stands"
    screen(home, "mpv")
    hand.click(*view.middle())
    hand.chord("q")  # ends it
    view.wait_ended()
    mpv.wait(20)


def open_about(home, hand, view, closed):
    """Help, About: the view of the dialog, which comes by itself. closed: without a menu."""
    den, ibiza = home.den, home.ibiza
    x, y, _, _ = view.geom()
    here, there = set(ibiza.windows()), set(den.windows())
    hand.click(x + 210, y + 12)
    wait_for(lambda: (pixels(seen(home, view, "gtk-help")) != closed).mean() > 0.05, 20, "the menu")
    hand.click(x + 160, y + 36)
    window = wait_for(lambda: next(iter(set(den.windows()) - there), None), 20, "the dialog")
    return View(ibiza, den, window, f"{window}/out/0", f"den{window}", here)


def test_a_menu_and_a_dialog_of_gtk(home, hand):
    """The menu is whole within its window, is pointed at and closed by a click beside it; the
    dialog comes by itself, stands over its window, and goes with it or alone."""
    den, ibiza = home.den, home.ibiza
    app = den.client("gtk4-demo-application", env=GTK_ENV)
    window = den.window("gtk4-demo-application")
    view = show(ibiza, den, window)
    x, y = view.title()
    hand.drag((x, y), (x + 130, y + 70))
    x, y, width, height = view.geom()
    closed = pixels(wait_exact(home, hand, view, "gtk"))

    hand.click(x + 20, y + 12)  # File
    wait_for(lambda: (pixels(seen(home, view, "gtk-menu")) != closed).mean() > 0.2, 20, "the menu")
    hand.click(x + width - 3, y + height - 3)
    hand.to(1, 1)
    wait_for(lambda: (pixels(seen(home, view, "gtk-no-menu")) != closed).mean() < 0.05, 20,
             "the end of the menu")

    dialog = open_about(home, hand, view, closed)
    left, top, wide, high = dialog.geom()
    assert abs(left + wide / 2 - x - width / 2) < 3  # over its window, their frames' middles
    assert abs(top + high / 2 - y - height / 2) < 3
    wait_exact(home, hand, dialog, "gtk-dialog")
    hand.click(*dialog.close_button())
    den.wait_no_box(dialog.remote)
    ibiza.wait_no_box(dialog.box)

    wait_exact(home, hand, view, "gtk-after")
    again = open_about(home, hand, view, closed)
    view.end()  # and nothing is left of the dialog either
    assert den.windows() == [window, again.remote] and app.poll() is None
    app.stop()
