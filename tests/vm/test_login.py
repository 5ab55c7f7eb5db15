# SPDX-License-Identifier: MIT
"""A person logs in at the screen of a machine and is on our desktop.

From power-on to typed text: greetd asks on the console, the password is typed on the machine's
keyboard, boxland comes up on DRM/KMS with libinput and libseat, its key opens foot, what is typed
in it is read off the screen and is done by the shell, and the session's end leads back to the
greeter.
"""

import secrets
import string

import pytest

from evidence import BUILD
from net.place import wait_for
from vm.guest import Guest, NeverUp
from vm.screen import Font

PERSON = "ann"
GREETER_S = 90
LOGIN_S = 60
DESKTOP_S = 90
TERMINAL_S = 60
TYPED_S = 30

DESKTOP = f"""
export PATH={BUILD}/out/bin:{BUILD}/compositor:$PATH
# What would paint in the emulated processor's place takes half a minute a picture.
export WLR_RENDERER=pixman
exec boxland
"""
# Colours that are nowhere else on the screen, a block that shows where the first cell is, and each
# character once, so that the text that follows can be read.
PAPER, INK = bytes.fromhex("15202b"), bytes.fromhex("f3e7d1")
BLOCK = "\N{FULL BLOCK}"
ALPHABET = string.ascii_lowercase + string.digits + " $/>|-"
UPRIGHT = "abcdeghiklmnopqrstu"  # neighbours keep to their cells: the w of "wy" is in the next
CHARACTERS = 60  # a line
AT_ONCE = 8  # keys typed without looking
HOME = {
    ".config/foot/foot.ini":
        f"[main]\ninitial-window-size-chars={CHARACTERS}x12\n[cursor]\nstyle=beam\n"
        f"[colors]\nbackground={PAPER.hex()}\nforeground={INK.hex()}\n",
    ".bashrc": f"PS1='$ '\necho '{BLOCK} {ALPHABET}'\n",
}


def boot(place, out, password):
    """A guest whose root is up. One that never gets there is tried once more."""
    def start():
        guest = Guest(place, out, person=PERSON, password=password, desktop=DESKTOP, home=HOME,
                      share=[BUILD])
        try:
            guest.wait_root()
        except NeverUp:
            guest.quit()
            raise
        return guest

    try:
        return start()
    except NeverUp as error:
        print(f"trying once more: {error}")
        return start()


def terminal_font(picture):
    """(font, x, y) of the terminal on the screen, once its line of known text is there whole."""
    block = picture.solid(INK)
    if block is None:
        return None
    x, y, width, height = block
    if not (5 <= width <= 20 and 10 <= height <= 40):
        return None
    try:
        # The block and a space come before the text.
        font = Font.of_line(picture, x + 2 * width, y, width, height, ALPHABET)
    except ValueError:
        return None  # not painted to its end yet
    return font, x, y


class Visit:
    """What a person does at the machine, step by step, and what they must see."""

    def __init__(self, guest):
        self.guest, self.console, self.timings = guest, None, []

    def step(self, what):
        """Notes when something was seen."""
        self.timings.append(f"{self.guest.seconds():6.1f} s  {what}")

    def out(self, name):
        """What the guest has put down under a name; empty when nothing."""
        path = self.guest.exchange / "out" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def console_shows(self, timeout, text, but=None):
        """Waits for a line on the console with the text, and without the other."""
        def shown(picture):
            return any(text in line and not (but and but in line)
                       for line in self.console.read(picture))
        self.guest.wait_picture(shown, timeout, f"{text!r} on the console")

    def desktop_shows(self, timeout, predicate, what):
        """Waits for something on the desktop; it is an error at once if there is none any more."""
        def shown(picture):
            assert "the session ended" not in self.out("desktop.log"), self.out("desktop.log")
            return predicate(picture)
        return self.guest.wait_picture(shown, timeout, what)

    def log_in(self, password):
        """From power-on to the session's first program."""
        self.guest.wait_mark("starting greetd")
        self.step("greetd starts")
        self.console = Font.of_console(self.guest.exchange / "out/font")
        self.console_shows(GREETER_S, "Username:")
        self.guest.save("1-greeter.png")
        self.step("the greeter asks for a name")
        self.guest.type(f"{PERSON}\n")
        self.console_shows(LOGIN_S, "Password:")
        self.step("the greeter asks for a password")
        self.guest.type("wrong\n")
        self.console_shows(LOGIN_S, "Authentication failed")
        self.guest.save("2-refused.png")
        assert not self.out("session.txt")
        self.step("a wrong password is refused")
        self.console_shows(LOGIN_S, "Password:")
        self.guest.type(f"{password}\n")
        wait_for(lambda: self.out("session.txt"), LOGIN_S, "the session")
        self.step("the session starts")

    def use_terminal(self):
        """Opens a terminal by its key and types a command in it."""
        black = bytes(3)
        self.desktop_shows(DESKTOP_S, lambda picture: picture.share(black) < 0.2, "a desktop")
        self.guest.save("3-desktop.png")
        self.step("the desktop is on the screen")
        assert self.out("session.txt").splitlines()[:2] == [
            f"uid=1000({PERSON}) gid=1000({PERSON}) groups=1000({PERSON})", "/dev/tty1"]
        self.guest.key("meta_l", "ret")
        font, x, y = self.desktop_shows(TERMINAL_S, terminal_font, "a terminal")
        self.step("the terminal is on the screen")

        read = []

        def terminal_shows(text):
            def shown(picture):
                read[:] = font.read(picture, x, y, CHARACTERS)
                # Right of the text may be the cursor.
                return any(line.ljust(len(text))[:len(text)] == text
                           and not line[len(text) + 1:].strip() for line in read)
            try:
                self.desktop_shows(TYPED_S, shown, f"{text!r} in the terminal")
            except TimeoutError as error:
                raise TimeoutError(f"{error}; it shows {[line for line in read if line]}") from error

        def type_seen(text):
            """Types behind a prompt, looking up now and then: an emulated keyboard holds a few
            keys and drops what is typed beyond."""
            terminal_shows("$ ")
            for end in range(AT_ONCE, len(text) + AT_ONCE, AT_ONCE):
                self.guest.type(text[end - AT_ONCE:end])
                terminal_shows(f"$ {text[:end]}")

        word = "".join(secrets.choice(UPRIGHT) for _ in range(8))
        type_seen(f"echo {word} | tee /exchange/out/typed")
        self.step("the typed text is on the screen")
        self.guest.type("\n")
        terminal_shows(word)
        self.guest.save("4-typed.png")
        self.step("and so is the answer")
        assert self.out("typed") == f"{word}\n"
        type_seen("exit")
        self.guest.type("\n")
        self.desktop_shows(TYPED_S, lambda picture: picture.solid(INK) is None,
                           "the terminal gone")

    def log_out(self):
        """Ends the session by its key; the greeter is there for the next."""
        self.guest.key("meta_l", "shift", "e")
        wait_for(lambda: "the session ended" in self.out("desktop.log"), LOGIN_S,
                 "the session's end")
        assert "the session ended with 0" in self.out("desktop.log"), self.out("desktop.log")
        # For a moment the console still shows how it was left, with a name.
        self.console_shows(GREETER_S, "Username:", but=PERSON)
        self.step("the session has ended, the greeter asks again")


def test_login(place, artefacts, capsys):
    password = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    visit = Visit(boot(place, artefacts, password))
    visit.step("the root is up")
    try:
        visit.log_in(password)
        visit.use_terminal()
        visit.log_out()
    finally:
        visit.guest.save("5-end.png")
        visit.guest.quit()
        with capsys.disabled():
            print("", *visit.timings, sep="\n")


def test_a_guest_without_a_root_is_started_twice(place, artefacts, monkeypatch):
    monkeypatch.setattr("vm.guest.ROOT_UP_S", 0.1)
    with pytest.raises(NeverUp):
        boot(place, artefacts, "password")
    assert len(list((artefacts / "switch").glob("*-qemu-system-x86_64.log"))) == 2
    assert place.find("qemu-system-x86_64") == []
