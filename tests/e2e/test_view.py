# SPDX-License-Identifier: MIT
"""A window of den's on ibiza's desktop: what is seen there is what den drew, and what is done there
is done to it. How such a view ends is in test_view_ends.py.
"""

import re
import time
import types

import pytest
from moments import Watch, compare, pixels

from net.household import two_desktops
from net.place import wait_for
from net.remote import geom, show
from wayland.clients import Client, Hand, Popup, US

BOXD_PORT = 7447
DOOM = ["chocolate-doom", "-iwad", "/usr/share/games/doom/freedoom1.wad", "-window", "-geometry",
        "640x480", "-nosound", "-nomouse", "-nomonsters", "-warp", "1", "1", "-skill", "2"]
DOOM_ENV = {"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy",
            "SDL_RENDER_DRIVER": "software"}
MOMENTS = 20
GOOD_DB = 26  # on a busy machine fewer bits are sent; another moment is below 20
PATIENCE_S = 150  # for all moments, on a machine that has other things to do
REST_S = 0.15 # after a key, without a packet
GREEN = (0x20, 0xcc, 0x20)


@pytest.fixture(scope="module")
def home(lab, module_artefacts):
    """Ann's den and ibiza, paired, and everything that passes the switch meanwhile."""
    capture = lab.capture(module_artefacts / "switch.pcap")
    den, ibiza = two_desktops(lab, "1024x768", "1024x640")
    return types.SimpleNamespace(lab=lab, den=den, ibiza=ibiza, capture=capture,
                                 out=module_artefacts)


@pytest.fixture
def hand(home):
    """Somebody at ibiza, with a whole keyboard."""
    with Hand(home.ibiza, US) as made:
        yield made


@pytest.fixture(scope="module")
def doom(home):
    """The game on den, in the middle of its first level; its window's name."""
    game = home.den.client(*DOOM, env=DOOM_ENV)
    yield home.den.window("chocolate-doom")
    game.stop()


@pytest.fixture
def shown(home):
    """shown(window) shows one of den's on ibiza, until the test ends."""
    made = []

    def make(window):
        made.append(show(home.ibiza, home.den, window))
        return made[-1]

    yield make
    for view in made:
        if home.den.has_box(view.link):
            view.end()


@pytest.fixture
def view(shown, doom):
    """The game on ibiza."""
    return shown(doom)


def turned(before, after):
    """The share of the level that changed between two pictures of the game; the status bar with its
    face does not count."""
    level = slice(0, before.shape[0] * 3 // 4)
    return (abs(before[level] - after[level]).max(axis=2) > 24).mean()


# --- what is seen ---------------------------------------------------------------------------------


def test_twenty_moments_are_what_den_drew(home, hand, view):
    hand.click(*view.title())
    hand.to(1, 1)
    hand.key("left", True)
    found = []
    with Watch(view) as watch:
        deadline = time.monotonic() + PATIENCE_S
        while len(found) < MOMENTS:
            assert time.monotonic() < deadline, f"{len(found)} moments in {PATIENCE_S} s"
            moment = compare(home, view, watch)
            if moment and moment[0] not in {each[0] for each in found}:
                found.append(moment)
    hand.key("left", False)
    assert min(quality for _, quality, _ in found) >= GOOD_DB, [each[1] for each in found]
    moved = sum(turned(one[2], other[2]) > 0.15 for one, other in zip(found, found[1:]))
    assert moved > MOMENTS / 2, "the game was not in motion"


def test_the_left_key_turns_the_view(home, hand, view):
    hand.click(*view.title())
    hand.to(1, 1)
    before = pixels(view.picture())
    hand.key("left", True)
    wait_for(lambda: turned(before, pixels(view.picture())) > 0.25, 30, "the view to turn")
    hand.key("left", False)
    view.picture().save(home.out / "turned.png")
    view.end()
    frame = f"{view.remote}/frame"
    still = pixels(home.den.picture(frame))
    hand.key("left", True)
    for _ in range(10):  # more than a second of a game that goes on
        assert turned(still, pixels(home.den.picture(frame))) < 0.1
    hand.key("left", False)


def stages_of(lines):
    """The medians in ms by name, from the words of box info."""
    return {name: float(median) for name, median, _ in
            (text.split() for word, text in lines if word == "stage")}


def test_info_says_by_what_path_and_how_long_it_takes(home, view):
    def told():
        lines = [line.split(" ", 1) for line in home.den.box("info", view.link).splitlines()]
        return lines if "total" in {text.split()[0] for word, text in lines if word == "stage"} else None
    lines = wait_for(told, 20, "the stages of a game that moves")
    words = dict(lines)
    assert re.fullmatch(r"pixman (memfd|dmabuf) → \S+ → QUIC → \S+ → (shm|gles)", words["path"])
    assert re.fullmatch(r"640x480 \S+ [\d.]+/s [\d.]+ Mbit/s, at 60 Hz(, .+)*", words["picture"])
    assert words["state"] == "up"
    assert list(stages_of(lines)) == ["commit", "capture", "encode", "send", "way", "wait", "decode",
                                      "draw", "show", "total"]

    def sums():  # medians do so but roughly, and of the first few frames not at all
        *parts, total = stages_of(told() or lines).values()
        return 0.5 * total < sum(parts) < 1.5 * total
    wait_for(sums, 60, "stages that sum to the whole")
    # from ibiza the same, and what ibiza itself knows of the window that it shows
    assert " → QUIC → " in home.ibiza.box("info", f"/n/den{view.link}")
    here = r"^path \S+ → (shm|gles)$(.*\n)*stage draw [\d.]+ [\d.]+$"
    wait_for(lambda: re.search(here, home.ibiza.box("info", view.box), re.M), 20,
             "what ibiza knows of it")


# --- what is typed --------------------------------------------------------------------------------


def typist(home, name):
    """A terminal that writes what is typed into it to a file; its window and what is in the file."""
    path = f"{home.node.home}/{name}"
    home.node.write_file(path, "")
    home.client("foot", "--app-id", name, "--window-size-pixels", "480x240", "sh", "-c",
                f"exec cat > {path}")
    return home.window(name), lambda: home.node.read_file(path).decode()


def move(home, hand, window, x, y):
    """Drags a window by its titlebar."""
    left, top, _, _ = geom(home, window)
    hand.drag((left + 30, top - 16), (x + 30, y - 16))
    wait_for(lambda: geom(home, window)[:2] == (x, y), 10, f"{window} at its new place")


@pytest.mark.two_nodes
def test_text_arrives_where_it_is_typed(home, hand, shown):
    den, ibiza = home.den, home.ibiza
    window, far = typist(den, "far")
    _, beside = typist(den, "beside")
    view = shown(window)
    local, near = typist(ibiza, "near")
    move(ibiza, hand, local, 520, 380)
    move(ibiza, hand, view.window, 20, 60)
    hand.click(*view.middle())
    for key in ("s", "a", "d", "enter"):
        hand.chord(key)
    wait_for(lambda: far() == "sad\n", 20, "what was typed into the view")
    ibiza.picture().save(home.out / "typed.png")
    x, y, width, height = geom(ibiza, local)
    hand.click(x + width // 2, y + height - 4)
    for key in ("shift+h", "a", "enter"):
        hand.chord(key)
    wait_for(lambda: near() == "Ha\n", 20, "what was typed into the local terminal")
    hand.click(*view.middle())
    hand.chord("enter")
    wait_for(lambda: far() == "sad\n\n", 20, "the last line")
    assert (far(), beside(), near()) == ("sad\n\n", "", "Ha\n")


def packets(capture, act):
    """How many something takes, until the wire rests."""
    def told():
        return [frame.time for frame in capture.frames() if frame.kind == "udp"]

    def rests():
        return len(told()) > before and time.time() - told()[-1] > REST_S
    before = len(told())
    act()
    wait_for(rests, 20, "the wire to rest")
    return len(told()) - before


def test_a_key_takes_few_packets(home, hand, shown):
    """Itself, its picture, that it was decoded, and that this came: nothing goes alone that may go with
    another. A busy machine answers many too late for that."""
    window, _ = typist(home.den, "keys")
    view = shown(window)
    hand.click(*view.middle())
    capture = home.lab.capture(home.out / "keys.pcap")
    packets(capture, lambda: hand.type("b"))
    counts = sorted(packets(capture, lambda: hand.type("a")) for _ in range(24))
    capture.stop()
    print("packets of a key:", counts)
    assert counts[len(counts) // 8] <= 5  # 8 and more, were each thing told by itself


# --- what is done to it ---------------------------------------------------------------------------


@pytest.fixture
def client(home):
    """A Wayland client on den."""
    with Client(home.den) as made:
        yield made


def test_title_and_app_id_follow(home, client, shown):
    window = client.window(title="Letters", app_id="org.example.mail")
    view = shown(home.den.window("org.example.mail"))
    told = lambda word: home.ibiza.op.get(f"{view.window}/{word}").decode()
    assert told("app") == "org.example.mail"
    assert told("title") == "Letters — den"
    window.toplevel.set_title("Letters, 3 new")
    client.display.roundtrip()
    wait_for(lambda: told("title") == "Letters, 3 new — den", 10, "the new title")


def test_a_resize_is_the_windows(home, client, hand, shown):
    window = client.window(width=300, height=200)
    view = shown(home.den.window("org.boxland.test"))
    x, y, width, height = view.geom()
    assert (width, height) == (300, 200)
    hand.drag((x + width + 3, y + height + 3), (x + width + 103, y + height + 53))
    client.display.until(lambda: (window.width, window.height) == (400, 250), "the new size")
    wait_for(lambda: view.geom()[2:] == (400, 250), 10, "the view's size")
    wait_for(lambda: home.ibiza.op.get(f"{view.box}/stats").decode().find("size 400x250") > 0, 10,
             "a picture of that size")
    hand.to(1, 1)
    wait_for(lambda: (abs(pixels(view.picture()) - (0xcc, 0x20, 0x20)) < 12).all(), 10,
             "the window's colour all over")


def test_pointer_and_wheel_arrive(home, client, hand, shown):
    client.window(width=300, height=200)
    view = shown(home.den.window("org.boxland.test"))
    x, y, _, _ = view.geom()
    hand.click(x + 30, y + 40)
    pressed = lambda: [args for args in client.pointer.all("button") if args[3] == 1]
    client.display.until(pressed, "a button")
    assert pressed()[0][2] == 0x110
    place = (client.pointer.last("motion") or (0, *client.pointer.last("enter")[2:]))[1:]
    assert abs(place[0] - 30) <= 1 and abs(place[1] - 40) <= 1
    hand.scroll(1)
    client.display.until(lambda: client.pointer.all("axis"), "the wheel")
    _, axis, value = client.pointer.last("axis")
    assert axis == 0 and value > 0


def test_a_popup_is_where_it_belongs(home, client, shown):
    window = client.window(width=300, height=200)
    view = shown(home.den.window("org.boxland.test"))
    Popup(window, 40, 50, 120, 80)
    inside = lambda: pixels(view.picture())[55:125, 45:155]
    wait_for(lambda: (abs(inside() - GREEN) < 12).all(), 10, "the popup in the view")
    shot = pixels(view.picture())
    assert (abs(shot[45, 100] - GREEN) > 50).any() and (abs(shot[100, 35] - GREEN) > 50).any()
    view.picture().save(home.out / "popup.png")


def test_a_keyboard_that_is_pulled_out_lets_go(home, client, shown):
    client.window(width=300, height=200)
    view = shown(home.den.window("org.boxland.test"))
    with Hand(home.ibiza, US) as other:
        other.click(*view.title())
        other.key("left", True)
        client.display.until(lambda: client.keyboard.all("key"), "the key")
    client.display.until(lambda: client.keyboard.last("key")[3] == 0, "its release")


# --- the wire -------------------------------------------------------------------------------------


def test_nothing_else_is_on_the_wire(home, view):
    """All that passed the switch in this module, pairing included."""
    wait_for(lambda: view.shown_ns() > 0, 10, "a picture")
    nodes = {home.den.node.ip, home.ibiza.node.ip}
    frames = home.capture.frames()
    for frame in frames:
        if frame.kind not in ("arp", "nd", "mld"):
            assert frame.kind == "udp", frame
            assert {frame.source_port, frame.target_port} == {BOXD_PORT}, frame
            assert frame.source in nodes and frame.target in nodes, frame
    assert sum(frame.kind == "udp" for frame in frames) > 100
