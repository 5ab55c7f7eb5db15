# SPDX-License-Identifier: MIT
"""Programs as they come: they work."""

import os
import re
import socket
import struct
import subprocess

import pytest
from PIL import Image

from wayland.clients import RIGHT, US, Client, Hand
from wayland.pixels import GREEN, RED, bounds


def test_fuzzel_opens_takes_the_keyboard_and_goes(new_desktop, artefacts):
    told = artefacts / "told"
    desktop = new_desktop(config="hint off\nbackground colour #000000\n")
    with Client(desktop) as client, Hand(desktop, US) as hand:
        window = client.window(300, 200)
        assert client.keyboard.last("enter")[1] is window.surface
        with open(told, "wb") as out:
            fuzzel = desktop.start("fuzzel", "--dmenu", "--background=ffffffff",
                                   stdin=subprocess.PIPE, stdout=out)
        fuzzel.stdin.write(b"alpha\nbeta\n")
        fuzzel.stdin.close()
        client.display.until(lambda: client.keyboard.last("leave"), "the keyboard's going")
        desktop.until_pixel(640, 350, lambda pixel: min(pixel) > 200, "fuzzel")
        hand.key("down", True)
        hand.key("down", False)
        hand.chord("enter")
        assert fuzzel.wait(20) == 0
        assert told.read_text() == "beta\n"
        client.display.until(lambda: client.keyboard.all("enter")[1:], "the keyboard's return")


def test_fuzzel_is_seen_over_a_fullscreen_window(new_desktop):
    desktop = new_desktop(config="hint off\n")
    with Client(desktop) as client:
        window = client.window(300, 200)
        window.toplevel.set_fullscreen(None)
        client.display.until(lambda: b"\2"[0] in window.states, "the state")
        fuzzel = desktop.start("fuzzel", "--dmenu", "--background=ffffffff", "--layer=top",
                               stdin=subprocess.PIPE)
        fuzzel.stdin.write(b"alpha\n")
        fuzzel.stdin.close()
        desktop.until_pixel(640, 360, lambda pixel: min(pixel) > 200, "fuzzel")
        fuzzel.terminate()


def test_clipboard(desktop):
    for flags in ([], ["--primary"]):
        desktop.start("wl-copy", "--foreground", *flags, "boxes and words")
        desktop.until(lambda: subprocess.run(["wl-paste", "-n", *flags], env=desktop.env,
                                             capture_output=True).stdout == b"boxes and words",
                      "the words")


def test_grim_and_slurp(desktop):
    with Hand(desktop) as hand:
        slurp = desktop.start("slurp", stdout=subprocess.PIPE)
        desktop.until(lambda: desktop.picture("dim").getpixel((640, 300)) !=
                      desktop.picture("dim").getpixel((640, 301)) or True, "slurp")
        # It is there when the pointer has entered its surface: until then a drag is lost on it.
        for _ in range(100):
            hand.drag((100, 100), (300, 200))
            if slurp.poll() is not None:
                break
        out = slurp.communicate(timeout=20)[0].decode()
        assert re.fullmatch(r"100,100 20[01]x10[01]\n", out)


def test_wlr_randr_changes_the_screen(desktop):
    desktop.run("wlr-randr", "--output", "HEADLESS-1", "--custom-mode", "800x600", "--scale", "2")
    text = desktop.run("wlr-randr")
    assert "800x600" in text and "Scale: 2.0" in text
    assert desktop.picture("smaller").size == (800, 600)
    refused = subprocess.run(["wlr-randr", "--output", "HEADLESS-1", "--off", "--mode", "1x1"],
                             env=desktop.env, capture_output=True, timeout=20)
    assert refused.returncode != 0 or desktop.process.poll() is None


def test_mpv_plays(desktop, artefacts):
    film = artefacts / "film.mkv"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i",
                    "color=c=0xcc2020:s=320x240:d=600:r=5", "-c:v", "ffv1", "-pix_fmt", "bgr0",
                    str(film)], check=True, timeout=60)
    desktop.start("mpv", "--no-config", "--vo=wlshm", "--no-osc", "--no-terminal", str(film))
    desktop.until_logged("(mpv)")
    desktop.until_pixel(640, 380, lambda pixel: pixel[0] > 150 and pixel[1] < 80, "the film")


def test_wayvnc_shows_and_types(desktop, artefacts):
    told = artefacts / "told"
    desktop.start("foot", "sh", "-c", f"read line; echo \"$line\" > {told}; sleep 60")
    desktop.until_logged("(foot)")
    address = str(desktop.runtime / "vnc")
    desktop.start("wayvnc", "--unix-socket", address)
    with Vnc(desktop, address) as vnc:
        assert vnc.size == (1280, 720)
        want = desktop.picture("want")

        def same():
            pixels = vnc.frame()
            return sum(pixels[(y * 1280 + x) * 4:][:3] == bytes(reversed(want.getpixel((x, y))))
                       for x in range(10, 1280, 90) for y in range(10, 720, 90)) > 100
        desktop.until(same, "the picture")
        for sym in b"Vnc 1!":
            vnc.key(sym)
        vnc.key(0xff0d)
        desktop.until(lambda: told.exists() and told.read_text(), "what was typed")
        assert told.read_text() == "Vnc 1!\n"


class Vnc:
    """As much of RFB 3.8 as it takes to look and to type."""

    def __init__(self, desktop, address):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)

        def connected():
            try:
                self.socket.connect(address)
                return True
            except OSError:
                return False
        desktop.until(connected, "wayvnc")
        self.read(12)
        self.socket.sendall(b"RFB 003.008\n")
        kinds = self.read(self.read(1)[0])
        assert 1 in kinds, "no authentication on a socket of one's own"
        self.socket.sendall(b"\1")
        assert self.read(4) == b"\0\0\0\0"
        self.socket.sendall(b"\1")
        head = self.read(24)
        self.size = (int.from_bytes(head[:2], "big"), int.from_bytes(head[2:4], "big"))
        self.read(int.from_bytes(head[20:24], "big"))
        # 32 bits, blue first; raw.
        self.socket.sendall(bytes([0, 0, 0, 0, 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0,
                                   0]))
        self.socket.sendall(bytes([2, 0, 0, 1, 0, 0, 0, 0]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, "wayvnc hung up"
            data += more
        return data

    def frame(self):
        width, height = self.size
        self.socket.sendall(b"\3\0" + bytes(4) + width.to_bytes(2, "big") +
                            height.to_bytes(2, "big"))
        pixels = bytearray(width * height * 4)
        assert self.read(1) == b"\0"
        for _ in range(int.from_bytes(self.read(3)[1:], "big")):
            x, y, w, h = (int.from_bytes(self.read(2), "big") for _ in range(4))
            assert self.read(4) == bytes(4), "raw"
            for row in range(h):
                at = ((y + row) * width + x) * 4
                pixels[at:at + w * 4] = self.read(w * 4)
        return bytes(pixels)

    def key(self, sym):
        for down in (1, 0):
            self.socket.sendall(bytes([4, down, 0, 0]) + sym.to_bytes(4, "big"))


@pytest.mark.parametrize("name", ["weston-simple-shm", "weston-flower", "weston-clickdot",
                                  "weston-stacking", "weston-subsurfaces", "weston-scaler"])
def test_westons_clients(desktop, name):
    desktop.start(name)
    desktop.until_logged("window 1 ")
    desktop.picture(name)


def test_westons_terminal_has_a_menu(desktop):
    """A client that draws its own frame, and whose menu is a popup with a grab."""
    desktop.start("weston-terminal", "--shell=/bin/sh")
    desktop.until_logged("window 1 ")
    with Hand(desktop) as hand:
        before = desktop.picture("before")
        hand.click(640, 360, RIGHT)
        menu = desktop.until(lambda: (image := desktop.picture("menu")).crop(
            (640, 360, 720, 400)).tobytes() != before.crop((640, 360, 720, 400)).tobytes() and image,
            "the menu")
        assert menu
        hand.click(20, 20)
        desktop.until(lambda: desktop.picture("gone").crop((660, 370, 720, 400)).tobytes() ==
                      before.crop((660, 370, 720, 400)).tobytes(), "the menu's end")


def test_window_of_boxland_in_boxland(desktop, program):
    """Nested in Wayland: a desktop in a window of a desktop."""
    desktop.config.write_text("hint off\nbackground colour #20cc20\n")
    desktop.start(program("boxland"), "--socket", "inner", "-s",
                  "foot -o colors.background=cc2020 sh -c 'sleep 60'")
    desktop.until_logged("(boxland)")
    image = desktop.until(
        lambda: (shot := desktop.picture("nested")) and bounds(shot, GREEN) and bounds(shot, RED)
        and shot, "both colours")
    green, red = bounds(image, GREEN), bounds(image, RED)
    assert green[0] <= red[0] and green[0] + green[2] >= red[0] + red[2], "foot is in it"
    with Hand(desktop, US) as hand:
        hand.chord("super+q")  # of the outer one: its window is closed, and with it all there is
        desktop.until(lambda: desktop.clients[0].poll() is not None, "the inner one's end")
    assert desktop.clients[0].returncode == 0


class XServer:
    """An X server without a screen, whose picture is a file."""

    def __init__(self, out):
        self.framebuffer = out / "Xvfb_screen0"
        read, write = os.pipe()
        self.process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp",
             "-fbdir", str(out)], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as told:
            self.display = ":" + told.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def picture(self):
        """What it shows, from its XWD file: 25 words, then colours of 12 bytes, then pixels."""
        data = self.framebuffer.read_bytes()
        head = struct.unpack(">25I", data[:100])
        width, height, stride, start = head[4], head[5], head[12], head[0] + head[19] * 12
        return Image.frombuffer("RGB", (width, height), data[start:start + stride * height], "raw",
                                "BGRX", stride, 1)


def test_nested_in_x11(new_desktop, artefacts):
    """A desktop in a window of an X server's screen, with a window in it."""
    with XServer(artefacts) as x:
        desktop = new_desktop(config="hint off\nbackground colour #20cc20\n", size=None,
                              env={"DISPLAY": x.display})
        with Client(desktop) as client:
            client.window(300, 200)
            image = desktop.until(
                lambda: (shot := x.picture()) and bounds(shot, GREEN) and bounds(shot, RED) and shot,
                "both colours on the X server's screen")
        image.save(artefacts / "x11.png")
        green, red = bounds(image, GREEN), bounds(image, RED)
        assert green[0] <= red[0] and green[0] + green[2] >= red[0] + red[2], "it is in the desktop"
        assert red[2:] == (300, 200)
        assert desktop.stop() == 0
