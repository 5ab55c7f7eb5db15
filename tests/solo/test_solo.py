# SPDX-License-Identifier: MIT
"""One machine with no network, no Avahi, no GPU and no seat does everything one machine can.

Its boxes are used as they are when there are others: by name, through the same programs. What takes
a second machine is in tests/e2e.
"""

import re
import signal

import pytest
from PIL import Image

from net.household import Household
from net.place import wait_for
from wayland.clients import KEYS, US, US_ROWS, Client, Hand

RED = (0xCC, 0x20, 0x20)


@pytest.fixture(scope="module")
def alone(lab):
    """The machine, its person, its boxd and its desktop."""
    node = lab.node("alone", person="ann", link=None)
    node.run(["mkdir", "-p", f"{node.home}/papers/inner"])
    node.write_file(f"{node.home}/papers/poem", "a rose\n")
    node.write_file(f"{node.home}/papers/inner/deep", "deeper\n")
    house = Household(node, boxd_conf=f"export papers {node.home}/papers\n")
    house.start("1280x720")
    house.box("init", "--person", "ann")
    return house


class Paper:
    """A foot that keeps the lines typed into it in a file."""

    def __init__(self, house, name):
        self.node, self.path = house.node, f"{house.node.home}/{name}"
        self.foot = house.client("foot", "--app-id", name, "sh", "-c", f"exec cat > {self.path}")
        self.window = house.window(name)
        self.node.wait_file(self.path)

    def wait(self, text):
        wait_for(lambda: self.node.read_file(self.path).decode() == text, 15,
                 f"{text!r} in {self.path}")

    def close(self):
        self.foot.stop()


@pytest.fixture
def coloured(alone):
    """A red window of 300 by 200, and its name."""
    with Client(alone) as client:
        client.window(app_id="red", title="Red window")
        yield alone.window("red")
    wait_for(lambda: not alone.windows(), 10, "the end of the window")


def near(colour, other):
    return all(abs(a - b) <= 8 for a, b in zip(colour, other))


def count(picture, colour):
    """How many pixels are of about this colour."""
    return sum(n for n, pixel in picture.getcolors(1 << 24) if near(pixel, colour))


def test_it_is_alone(alone):
    """What the other tests stand on: there is nothing here but the machine itself."""
    links = alone.node.output(["ip", "-brief", "link"]).splitlines()
    assert [line.split()[0] for line in links] == ["lo"]
    for missing in ("/run/avahi-daemon/socket", "/run/dbus/system_bus_socket", "/dev/dri",
                    "/run/seatd.sock"):
        assert not alone.node.exists(missing)


def test_box_and_its_doctor_tell_of_it(alone):
    said = alone.box()
    assert "alone, a machine of ann" in said and "box init" not in said and "nodes" not in said
    assert "box run -- uname -n" in said
    done = alone.run("doctor", check=True).stdout.decode()
    assert "no network" in done and "nothing that Boxland needs is lacking" in done
    assert re.search(r"^ok +encoder +x264$", done, re.M)


def test_its_boxes_have_names(alone):
    names = {line.split()[0] for line in alone.box("ls").splitlines()}
    assert {"chan", "display", "fs", "kbd", "n", "null", "peer", "proc", "ptr", "win"} <= names
    # The same boxes under the machine's own name, as another machine would say it.
    assert alone.box("ls", "/n/alone/fs") == alone.box("ls", "/fs")
    assert "person ann" in alone.box("info", "/")


def test_programs_run_on_its_processor(alone):
    assert alone.box("run", "--", "uname", "-n") == "alone"
    assert alone.box("run", "-c", "proc!*!*!node=alone", "--", "uname", "-n") == "alone"
    assert alone.box("run", "--", "tr", "a-z", "A-Z", input=b"rose\n") == "ROSE"
    assert alone.run("run", "--", "sh", "-c", "exit 42").returncode == 42
    alone.node.write_file(f"{alone.node.home}/carried", "#!/bin/sh\necho carried\n", mode=0o755)
    assert alone.box("run", "-c", "proc!*!*!node=alone", "--", "./carried") == "carried"


def test_a_process_of_single_boxes(alone):
    """The same as box run in one exchange."""
    alone.box("mk", "/proc/slow")
    alone.box("cp", "file:/usr/bin/env", "/proc/slow/prog")
    assert "made" not in alone.box("info", "/proc/slow")
    assert "PATH=" in alone.text("/proc/slow/io1")
    assert alone.text("/proc/slow/legacy").strip() == "exit 0"
    alone.box("rm", "/proc/slow")
    assert "no such box" in alone.refused("info", "/proc/slow")


def test_a_channel_joins_two_programs(alone):
    alone.box("mk", "/chan/notes")
    reader = alone.node.spawn(["box", "cp", "/chan/notes", "note"])
    alone.box("cp", "-", "/chan/notes", input=b"remember the rose")
    assert reader.wait(20) == 0
    assert alone.node.read_file(f"{alone.node.home}/note") == b"remember the rose"
    alone.box("rm", "/chan/notes")


def test_an_exported_folder_is_read_and_not_written(alone):
    assert alone.text("/fs/papers/poem") == "a rose\n"
    assert alone.text("/n/alone/fs/papers/inner/deep") == "deeper\n"
    assert {line.split()[0] for line in alone.box("ls", "/fs/papers").splitlines()} == \
        {"poem", "inner"}
    assert "putmem" in alone.refused("cp", "-", "/fs/papers/poem", input=b"a weed\n")
    assert "component" in alone.refused("cp", "/fs/papers/../../secret", "-")
    assert alone.text("/fs/papers/poem") == "a rose\n"


def test_a_window_is_a_box(alone, coloured):
    assert alone.text(f"{coloured}/title") == "Red window"
    assert alone.text(f"{coloured}/app") == "red"
    assert re.search(r"300x200", alone.text(f"{coloured}/geom"))
    frame = alone.picture(f"{coloured}/frame")
    assert frame.size == (300, 200) and count(frame, RED) == 300 * 200


def test_a_window_closes_by_its_box(alone):
    foot = alone.client("foot")
    alone.box("rm", alone.window("foot"))
    foot.wait(15)
    wait_for(lambda: not alone.windows(), 10, "the end of the window")


def test_a_title_does_not_steer_the_terminal(alone):
    """Neither by ESC nor by U+009B, which begins what ESC [ begins."""
    with Client(alone) as client:
        client.window(app_id="red", title="a\x1b[2J\u009b31mb")
        alone.window("red")
        for words in ([], ["ls", "/win"]):
            assert r"a\x1b[2J\x9b31mb" in alone.box(*words)
    wait_for(lambda: not alone.windows(), 10, "the end of the window")


def test_a_copy_keeps_the_mode_of_the_file_it_replaces(alone):
    alone.node.write_file(f"{alone.node.home}/secret", "old\n", mode=0o600)
    alone.box("cp", "/fs/papers/poem", "secret")
    assert alone.node.run(["stat", "-c", "%a", f"{alone.node.home}/secret"]).stdout.strip() == b"600"
    assert alone.node.read_file(f"{alone.node.home}/secret") == b"a rose\n"


def test_a_picture_of_the_screen(alone, coloured, artefacts):
    picture = alone.picture()
    picture.save(artefacts / "screen.png")
    assert picture.size == (1280, 720)
    assert count(picture, RED) == 300 * 200


@pytest.mark.parametrize("prefix", ["", "/n/alone"])
def test_a_window_of_its_own_is_shown_as_another_machines_would_be(alone, coloured, prefix,
                                                                   artefacts):
    """Encoder, decoder and all: no network is between them."""
    link = alone.box("ln", "/display/0", f"{prefix}{coloured}/out")
    wait_for(lambda: len(alone.windows()) == 2, 30, "the view")
    view = next(name for name in alone.windows() if name != coloured)
    alone.picture().save(artefacts / "view.png")
    wait_for(lambda: count(alone.picture(f"{view}/frame"), RED) > 250 * 150, 20, "its picture")
    alone.picture().save(artefacts / "view.png")
    alone.box("rm", link)
    wait_for(lambda: alone.windows() == [coloured], 20, "the end of the view")


def test_its_keyboard_is_a_box_and_types(alone):
    """Into the window that has the focus; and linked into another, there and nowhere else."""
    first, second = Paper(alone, "first"), Paper(alone, "second")
    with Hand(alone, US) as hand:
        hand.write("focus", US_ROWS)
        second.wait("focus\n")
        link = alone.box("ln", "/kbd/0", f"{first.window}/kbd")
        wait_for(lambda: "state up" in alone.box("info", link), 10, "the link")
        hand.write("linked", US_ROWS)
        first.wait("linked\n")
        alone.box("rm", link)
        hand.write("again", US_ROWS)
        second.wait("focus\nagain\n")
    first.wait("linked\n")
    first.close()
    second.close()


def test_the_chord_takes_back_all_that_is_lent(alone):
    paper = Paper(alone, "paper")
    links = [alone.box("ln", f"/{device}/0", f"{paper.window}/{device}") for device in ("kbd", "ptr")]
    for link in links:
        wait_for(lambda: "state up" in alone.box("info", link), 10, f"{link} to be up")
    with Hand(alone, US) as hand:
        hand.chord("super+esc")
        for link in links:
            wait_for(lambda: not alone.has_box(link), 5, f"the end of {link}")
    paper.close()


def test_rights_last_as_long_as_their_line(new_lab):
    """Of a display too, though it is there only after the configuration is."""
    node = new_lab.node("alone", person="ann", link=None)
    house = Household(node, boxland_conf="access /display/0 bob kp\naccess /kbd bob kg\n")
    house.start("800x600")
    for box, letters in (("/display/0", "kp"), ("/kbd", "kg")):
        wait_for(lambda: f"acl bob {letters}" in house.box("info", box), 10, f"rights on {box}")
    for box in ("/kbd", "/kbd/0"):  # each has a list of its own now
        house.box("chinfo", box, "acl", "carl k")
    node.write_file(f"{node.home}/.config/boxland/boxland.conf", "access /display/0 bob k\n")
    house.boxland.kill(signal.SIGHUP)
    wait_for(lambda: "acl bob k\n" in house.box("info", "/display/0") + "\n", 10, "the new rights")
    for box in ("/kbd", "/kbd/0"):
        acl = [line for line in house.box("info", box).splitlines() if line.startswith("acl")]
        assert acl == ["acl carl k"]


def test_without_boxd_the_desktop_is_a_desktop(new_lab, artefacts):
    """Windows, keys and pictures; and when boxd comes, the boxes are there without a new login."""
    house = Household(new_lab.node("alone", person="ann", link=None))
    house.start_boxland("1280x720")
    with Client(house) as client, Hand(house, US) as hand:
        client.window(app_id="red")
        hand.write("a", US_ROWS)
        client.display.until(lambda: [args[2:] for args in client.keyboard.all("key")][:2] ==
                             [(KEYS["a"], 1), (KEYS["a"], 0)], "the key")
        house.node.run(["grim", "/tmp/screen.png"], env=house.wayland)
        (artefacts / "desktop.png").write_bytes(house.node.read_file("/tmp/screen.png"))
        assert count(Image.open(artefacts / "desktop.png").convert("RGB"), RED) == 300 * 200
        assert "start boxd" in house.refused("ls", "/win")
        house.start_boxd()
        assert house.text(f"{house.window('red')}/app") == "red"


def test_without_boxland_boxd_serves(new_lab):
    house = Household(new_lab.node("alone", person="ann", link=None)).start()
    house.box("init", "--person", "ann")
    assert house.box("run", "--", "uname", "-n") == "alone"
    assert "no such box /win" in house.refused("ls", "/win")
    assert "no boxland runs" in house.box("doctor")


def test_either_may_end_and_come_back(new_lab):
    """boxland's end takes its boxes and nothing else; boxd's takes no window."""
    house = Household(new_lab.node("alone", person="ann", link=None)).start("1280x720")
    house.boxland.kill()
    house.wait_no_box("/win")
    assert house.box("run", "--", "uname", "-n") == "alone"
    house.start_boxland("1280x720")
    foot = house.client("foot")
    window = house.window("foot")
    house.boxd.kill()
    house.boxd.wait()
    assert foot.poll() is None
    house.start_boxd()
    house.wait_box(window)
    assert foot.poll() is None


def test_the_session_of_a_log_in_starts_both(new_lab, program):
    """Where no systemd looks after the person's programs; with one it is tests/slow's."""
    house = Household(new_lab.node("alone", person="ann", link=None))
    session = house.node.spawn([program("session"), "--headless", "1280x720"],
                               env={"WLR_RENDERER": "pixman"})
    house.wait_box("/display/0", 30)
    assert [len(house.node.find(name)) for name in ("boxd", "boxland")] == [1, 1]
    session.place.signal(house.node.find("boxland")[0]["pid"], signal.SIGTERM)
    assert session.wait(15) == 0
    wait_for(lambda: not house.node.find("boxd"), 15, "the end of boxd")
