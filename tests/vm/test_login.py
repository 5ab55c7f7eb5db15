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
HOME = {
    ".config/foot/foot.ini":
        "[main]\ninitial-window-size-chars=60x12\n[cursor]\nstyle=beam\n"
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


def test_login(place, artefacts, capsys):
    timings = []
    password = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    guest = boot(place, artefacts, password)

    def step(what):
        timings.append(f"{guest.seconds():6.1f} s  {what}")

    def out(name):
        path = guest.exchange / "out" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def desktop_shows(predicate, timeout, what):
        def shown(picture):
            assert "the session ended" not in out("desktop.log"), out("desktop.log")
            return predicate(picture)
        return guest.wait_picture(shown, timeout, what)

    def console_shows(text, timeout):
        def shown(picture):
            return any(text in line for line in console.read(picture))
        guest.wait_picture(shown, timeout, f"{text!r} on the console")

    try:
        step("the root is up")
        guest.wait_mark("starting greetd")
        step("greetd starts")
        console = Font.of_console(guest.exchange / "out/font")

        console_shows("Username:", GREETER_S)
        guest.save("1-greeter.png")
        step("the greeter asks for a name")
        guest.type(f"{PERSON}\n")
        console_shows("Password:", LOGIN_S)
        step("the greeter asks for a password")
        guest.type("wrong\n")
        console_shows("Authentication failed", LOGIN_S)
        guest.save("2-refused.png")
        assert not out("session.txt")
        step("a wrong password is refused")
        console_shows("Password:", LOGIN_S)
        guest.type(f"{password}\n")
        wait_for(lambda: out("session.txt"), LOGIN_S, "the session")
        step("the session starts")

        black = bytes(3)
        desktop_shows(lambda picture: picture.share(black) < 0.2, DESKTOP_S, "a desktop")
        guest.save("3-desktop.png")
        step("the desktop is on the screen")
        guest.key("meta_l", "ret")
        font, x, y = desktop_shows(terminal_font, TERMINAL_S, "a terminal")
        step("the terminal is on the screen")

        word = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8))
        command = f"echo {word} | tee /exchange/out/typed"
        guest.type(command)
        desktop_shows(lambda picture: any(line.startswith(f"$ {command}")
                                          for line in font.read(picture, x, y)),
                      TYPED_S, f"{command!r} in the terminal")
        step("the typed text is on the screen")
        guest.type("\n")
        desktop_shows(lambda picture: any(line.split(" ")[0] == word
                                          for line in font.read(picture, x, y)),
                      TYPED_S, f"{word!r} in the terminal")
        guest.save("4-typed.png")
        step("and so is the answer")
        assert out("typed") == f"{word}\n"
        guest.type("exit\n")
        desktop_shows(lambda picture: picture.solid(INK) is None, TYPED_S, "the terminal gone")
        guest.key("meta_l", "shift", "e")
        wait_for(lambda: "the session ended" in out("desktop.log"), LOGIN_S, "the session's end")
        assert "the session ended with 0" in out("desktop.log"), out("desktop.log")
        # Nothing is left on the console of the name that was typed there before.
        guest.wait_picture(
            lambda picture: any("Username:" in line and PERSON not in line
                                for line in console.read(picture)),
            GREETER_S, "the greeter again")
        step("the session has ended, the greeter asks again")
        session = out("session.txt").splitlines()
        assert session[:2] == ["uid=1000(ann) gid=1000(ann) groups=1000(ann)", "/dev/tty1"]
    finally:
        guest.quit()
        with capsys.disabled():
            print("", *timings, sep="\n")


def test_a_guest_without_a_root_is_started_twice(place, artefacts, monkeypatch):
    monkeypatch.setattr("vm.guest.ROOT_UP_S", 0.1)
    with pytest.raises(NeverUp):
        boot(place, artefacts, "password")
    assert len(list((artefacts / "switch").glob("*-qemu-system-x86_64.log"))) == 2
    assert place.find("qemu-system-x86_64") == []
