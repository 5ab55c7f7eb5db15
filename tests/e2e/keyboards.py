# SPDX-License-Identifier: MIT
"""What keyboards type into, and what is asked of them: windows that keep what they get, a hand with
the desktop's own layout, who borrows a keyboard, how a link stands."""

import re

from net.place import wait_for
from wayland.clients import KEYS, Client, Hand, check_rules, keymap_text


class Paper:
    """A foot whose lines are kept in a file."""

    def __init__(self, home, name, title="foot"):
        self.home, self.path = home, f"{home.node.home}/{name}"
        self.foot = home.client("foot", "--app-id", name, "--title", title, "-o", "locked-title=yes",
                                "--window-size-chars", "44x14", "--font", "monospace:size=12",
                                "sh", "-c", f"exec cat > {self.path}", log=f"foot-{name}")
        self.window = home.window(name)
        home.node.wait_file(self.path)

    def lines(self):
        return self.home.node.read_file(self.path).decode().splitlines()

    def wait_lines(self, count, timeout=10):
        """Waits until there are so many; all of them."""
        wait_for(lambda: len(self.lines()) >= count, timeout,
                 f"{count} lines in {self.path}, which has {self.lines()}")
        return self.lines()

    def move(self, hand, dx):
        """Drags it by its titlebar."""
        width, _, x, y = map(int, re.split("[x+]", self.home.text(f"{self.window}/geom")))
        start = x + width // 2, y - 16
        hand.drag(start, (start[0] + dx, start[1]))
        assert self.home.text(f"{self.window}/geom").endswith(f"+{x + dx}+{y}")

    def close(self):
        self.foot.stop()


class Listener:
    """A window that records what its keyboard says."""

    def __init__(self, home, name="listener"):
        self.client = Client(home)
        self.shown = self.client.window(app_id=name, title=name)
        self.window = home.window(name)
        self.keyboard, self.display = self.client.keyboard, self.client.display
        self.seen = 0  # of keys()

    def keys(self):
        return [(args[2], args[3]) for args in self.keyboard.all("key")]

    def wait_key(self, name, down, timeout=10):
        """Waits for an event of a key, among those not waited for yet."""
        def came():
            return any(key == (KEYS[name], down) for key in self.keys()[self.seen:])
        self.display.until(came, f"{name} {'down' if down else 'up'}", timeout)
        self.seen += self.keys()[self.seen:].index((KEYS[name], down)) + 1

    def held(self):
        """What its keyboard has down now. Checks the order of all it was told, too."""
        self.display.roundtrip()
        return check_rules(self.display.log, self.keyboard)

    def close(self):
        self.client.close()


def hand_of(home):
    """A hand on a keyboard of the layout that the desktop has."""
    with Client(home) as looking:
        looking.display.until(lambda: looking.keyboard.last("keymap"), "a keymap")
        keymap = keymap_text(looking.keyboard.last("keymap"))
    return Hand(home, keymap)


def lent_to(home):
    """Who borrows a node's keyboard: PERSON/MACHINE, or None."""
    told = home.run("info", "/kbd/0/users/0")
    found = re.search(r"^by (.*)$", told.stdout.decode(), re.M)
    return found.group(1) if told.returncode == 0 and found else None


def state_of(home, link):
    """The state of a link; None: there is none of that name."""
    told = home.run("info", link)
    found = re.search(r"^state (.*)$", told.stdout.decode(), re.M)
    return found.group(1) if told.returncode == 0 and found else None
