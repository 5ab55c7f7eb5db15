# SPDX-License-Identifier: MIT
"""Clients made of wl.py: windows and popups of one colour, a hand on mouse and keyboard.

A desktop is whatever has connect(), a new connection to it, and size, (width, height).
"""

import mmap
import os
import re
import time

from wayland import wl

LEFT, RIGHT, MIDDLE = 0x110, 0x111, 0x112
# The rows of a US keyboard from the evdev code of their first key on: alone, and with Shift.
ROWS = {2: ("1234567890-=", "!@#$%^&*()_+"), 16: ("qwertyuiop[]", "QWERTYUIOP{}"),
        30: ("asdfghjkl;'`", 'ASDFGHJKL:"~'), 43: ("\\zxcvbnm,./", "|ZXCVBNM<>?"),
        57: (" ", ""), 28: ("\n", "")}
PLAIN = {char: code + i for code, row in ROWS.items() for i, char in enumerate(row[0])}
SHIFTED = {char: code + i for code, row in ROWS.items() for i, char in enumerate(row[1])}
KEYS = {**PLAIN, "esc": 1, "tab": 15, "enter": 28, "ctrl": 29, "shift": 42, "alt": 56, "space": 57,
        "caps": 58, "f1": 59, "f10": 68, "up": 103, "left": 105, "right": 106, "down": 108,
        "super": 125}
# What KEYS means in it is what is printed on a keyboard of that layout.
KEYMAP = """xkb_keymap {
	xkb_keycodes { include "evdev+aliases(qwerty)" };
	xkb_types { include "complete" };
	xkb_compat { include "complete" };
	xkb_symbols { include "pc+%s+inet(evdev)" };
};
"""
US, GERMAN = KEYMAP % "us", KEYMAP % "de"
# What is printed on the keys, by the code of the first of each row.
US_ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'", 44: "zxcvbnm,./", 57: " "}
GERMAN_ROWS = {2: "1234567890ß", 16: "qwertzuiopü+", 30: "asdfghjklöä", 44: "yxcvbnm,.-", 57: " "}
MODIFIERS = {"shift": 1, "ctrl": 4, "alt": 8, "super": 64}


class Client:
    """A connection with the usual globals, and what the seat told it."""

    def __init__(self, desktop, seat=True):
        self.display = wl.Display(desktop.connect())
        self.compositor = self.display.bind("wl_compositor")
        self.shm = self.display.bind("wl_shm")
        self.wm = self.display.bind("xdg_wm_base")
        if seat:
            self.seat = self.display.bind("wl_seat")
            self.keyboard = self.seat.get_keyboard()
            self.pointer = self.seat.get_pointer()
        self.display.roundtrip()

    def close(self):
        self.display.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def window(self, *args, **kwargs):
        return Window(self, *args, **kwargs)


class Window:
    """A toplevel that is shown when the constructor returns: of one colour, or of what pixels(width,
    height) returns, argb8888."""

    def __init__(self, client, width=300, height=200, argb=0xffcc2020, title="test",
                 app_id="org.boxland.test", decorated=False, setup=None, parent=None,
                 pixels=None):
        self.client, self.argb, self.pixels = client, argb, pixels
        self.width, self.height = width, height
        self.wanted = (width, height)
        self.states = set()
        self.closed = False
        self.surface = client.compositor.create_surface()
        self.xdg = client.wm.get_xdg_surface(self.surface)
        self.toplevel = self.xdg.get_toplevel()
        self.toplevel.set_title(title)
        self.toplevel.set_app_id(app_id)
        if parent:
            self.toplevel.set_parent(parent.toplevel)
        self.decoration = None
        if decorated:
            manager = client.display.bind("zxdg_decoration_manager_v1")
            self.decoration = manager.get_toplevel_decoration(self.toplevel)
            self.decoration.set_mode(2)
        self.toplevel.on["configure"] = self.handle_configure
        self.toplevel.on["close"] = self.handle_close
        self.xdg.on["configure"] = self.handle_done
        if setup:
            setup(self)
        self.drawn = 0
        self.surface.commit()
        client.display.until(lambda: self.drawn, "a first configure")
        client.display.roundtrip()

    def handle_configure(self, width, height, states):
        if width and height:
            self.wanted = (width, height)
        self.states = set(states[i] for i in range(0, len(states), 4))

    def handle_close(self):
        self.closed = True

    def handle_done(self, serial):
        self.xdg.ack_configure(serial)
        self.draw(*self.wanted)

    def draw(self, width, height):
        self.width, self.height = width, height
        shm = self.client.shm
        buffer = wl.picture(shm, width, height, self.pixels(width, height)) if self.pixels else \
            wl.buffer(shm, width, height, self.argb)
        self.surface.attach(buffer, 0, 0)
        self.surface.damage_buffer(0, 0, width, height)
        self.surface.commit()
        self.drawn += 1

    def destroy(self):
        if self.decoration:
            self.decoration.destroy()
        self.toplevel.destroy()
        self.xdg.destroy()
        self.surface.destroy()


class Popup:
    """A popup at a place of its parent; shown when the constructor returns."""

    def __init__(self, parent, x, y, width, height, argb=0xff20cc20, adjustment=0):
        client = parent.client
        positioner = client.wm.create_positioner()
        positioner.set_size(width, height)
        positioner.set_anchor_rect(x, y, 1, 1)
        positioner.set_anchor(8)  # bottom right
        positioner.set_gravity(8)
        positioner.set_constraint_adjustment(adjustment)
        self.surface = client.compositor.create_surface()
        self.xdg = client.wm.get_xdg_surface(self.surface)
        self.popup = self.xdg.get_popup(parent.xdg, positioner)
        self.place = None
        self.popup.on["configure"] = lambda *place: setattr(self, "place", place)

        def done(serial):
            self.xdg.ack_configure(serial)
            self.surface.attach(wl.buffer(client.shm, self.place[2], self.place[3], argb), 0, 0)
            self.surface.damage_buffer(0, 0, self.place[2], self.place[3])
            self.surface.commit()
        self.xdg.on["configure"] = done
        self.surface.commit()
        client.display.until(lambda: self.place, "the popup's place")
        client.display.roundtrip()


class Hand:
    """A virtual mouse and keyboard. The keyboard has a whole keymap and says its modifiers."""

    def __init__(self, desktop, keymap=None):
        self.display = wl.Display(desktop.connect())
        self.size = desktop.size
        seat = self.display.bind("wl_seat")
        manager = self.display.bind("zwlr_virtual_pointer_manager_v1")
        self.mouse = manager.create_virtual_pointer(seat)
        self.keyboards = self.display.bind("zwp_virtual_keyboard_manager_v1")
        self.seat = seat
        self.keyboard = None
        self.held = 0
        if keymap:
            self.plug(keymap)
        self.display.roundtrip()

    def plug(self, keymap):
        """A new keyboard with this keymap (text)."""
        self.keyboard = self.keyboards.create_virtual_keyboard(self.seat)
        self.set_keymap(keymap)
        self.held = 0

    def set_keymap(self, keymap):
        data = keymap.encode() + b"\0"
        fd = wl.memfd(data)
        self.keyboard.keymap(1, fd, len(data))
        os.close(fd)
        self.display.roundtrip()

    def unplug(self):
        self.keyboard.destroy()
        self.keyboard = None
        self.display.roundtrip()

    def close(self):
        self.display.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def now():
        return time.monotonic_ns() // 1000000 & 0xffffffff

    def to(self, x, y):
        self.mouse.motion_absolute(self.now(), round(x), round(y), *self.size)
        self.mouse.frame()
        self.display.roundtrip()

    def by(self, dx, dy):
        self.mouse.motion(self.now(), dx, dy)
        self.mouse.frame()
        self.display.roundtrip()

    def button(self, down, which=LEFT):
        self.mouse.button(self.now(), which, int(down))
        self.mouse.frame()
        self.display.roundtrip()

    def click(self, x, y, which=LEFT):
        self.to(x, y)
        self.button(True, which)
        self.button(False, which)

    def drag(self, start, end, which=LEFT, steps=8, pause=0.0):
        self.to(*start)
        self.button(True, which)
        for i in range(1, steps + 1):
            self.to(start[0] + (end[0] - start[0]) * i / steps,
                    start[1] + (end[1] - start[1]) * i / steps)
            time.sleep(pause)
        self.button(False, which)

    def scroll(self, steps):
        """The wheel, down if steps is above 0."""
        self.mouse.axis_source(0)
        self.mouse.axis_discrete(self.now(), 0, 15 * steps, steps)
        self.mouse.frame()
        self.display.roundtrip()

    def key(self, name, down):
        self.keyboard.key(self.now(), KEYS[name], int(down))
        if name in MODIFIERS:
            self.held = self.held | MODIFIERS[name] if down else self.held & ~MODIFIERS[name]
            self.keyboard.modifiers(self.held, 0, 0, 0)
        self.display.roundtrip()

    def write(self, text, rows):
        """Presses the keys that have these letters on them, and Enter."""
        codes = {letter: first + i for first, row in rows.items() for i, letter in enumerate(row)}
        for letter in text:
            for down in (1, 0):
                self.keyboard.key(self.now(), codes[letter], down)
        self.chord("enter")

    def chord(self, text):
        """Such as "super+shift+e": down in order, up in reverse."""
        names = text.split("+")
        for name in names:
            self.key(name, True)
        for name in reversed(names):
            self.key(name, False)

    def type(self, text, pause=0.0):
        """Types on a US keyboard, with so many seconds after each key, as a person takes them."""
        for char in text:
            if char in SHIFTED:
                self.key("shift", True)
            code = SHIFTED.get(char, PLAIN.get(char))
            if code is None:
                raise ValueError(f"no key of a US keyboard types {char!r}")
            self.keyboard.key(self.now(), code, 1)
            self.keyboard.key(self.now(), code, 0)
            self.display.roundtrip()
            if char in SHIFTED:
                self.key("shift", False)
            time.sleep(pause)


def keymap_text(args):
    """The keymap of a keymap event."""
    form, fd, size = args
    assert form == 1, "a keymap is never withdrawn"
    with mmap.mmap(fd, size, mmap.MAP_PRIVATE, mmap.PROT_READ) as memory:
        return memory[:size].rstrip(b"\0").decode()


def keymap_layout(args):
    """The layout of a keymap event: the name of its first group."""
    symbols = keymap_text(args).partition("xkb_symbols")[2]
    found = re.search(r'name\[(?:Group)?1\] ?= ?"([^"]*)"', symbols)
    return found.group(1) if found else ""


def check_rules(log, keyboard):
    """No keymap while a key is down; keymap and modifiers before the first key; no key twice."""
    down, have_keymap, have_modifiers = set(), False, False
    for proxy, event, args in log:
        if proxy is not keyboard:
            continue
        if event == "keymap":
            assert args[0] == 1
            assert not down, "a keymap came while keys were down"
            have_keymap, have_modifiers = True, False
        elif event == "enter":
            assert have_keymap
            down = {int.from_bytes(args[2][i:i + 4], "little") for i in range(0, len(args[2]), 4)}
        elif event == "leave":
            down = set()
        elif event == "modifiers":
            have_modifiers = True
        elif event == "key":
            assert have_keymap and have_modifiers, "a key before keymap and modifiers"
            code, state = args[2], args[3]
            assert (code in down) != bool(state), "pressed twice, or released twice"
            (down.add if state else down.discard)(code)
    return down
