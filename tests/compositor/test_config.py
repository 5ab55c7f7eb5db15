# SPDX-License-Identifier: MIT
"""The configuration file: what is right counts, what is wrong is named."""

import signal

import pytest

from wayland.clients import US, Client, Hand

MISTAKES = [
    ("nonsense 1", 'there is no field "nonsense"'),
    ("keyboard colour red", 'keyboard takes layout, variant, options, model, repeat or numlock, '
                            'not "colour"'),
    ("keyboard repeat fast", '"fast" is no number from 0 to 1000'),
    ("keyboard repeat 20 300 7", '"7" is too much'),
    ("cursor size 1", '"1" is no number from 8 to 256'),
    ("cursor", 'cursor takes "theme NAME" or "size PIXELS"'),
    ("background colour blue", '"blue" is no colour: say "#1a2b3c"'),
    ("background blue", 'background takes "picture FILE.png" or "colour #RRGGBB"'),
    ("hint maybe", '"maybe" is neither on nor off'),
    ("focus sloppy", 'focus takes click or follows, not "sloppy"'),
    ("output", 'which output?'),
    ("output HEADLESS-1 mode big", '"big" is no mode: say "1920x1080" or "1920x1080@60"'),
    ("output HEADLESS-1 scale 100", '"100" is no scale from 0.5 to 8'),
    ("output HEADLESS-1 position 1", '"1" is no position: say "1920,0"'),
    ("output HEADLESS-1 transform upside", '"upside" is no transform'),
    ("output HEADLESS-1 sale 2", 'output takes mode, scale, position, transform or off, not "sale"'),
    ("bind", "a key and what it does are needed"),
    ("bind Hyper+x close", '"Hyper" is no modifier'),
    ("bind Super+nokey close", '"nokey" is no key'),
    ("bind Super+x dance", 'a key cannot do "dance"'),
    ("bind Super+x exec", "exec needs to be told what"),
    ("bind Super+x close now", "nothing can follow close"),
    ("terminal", 'a command is missing: say "terminal foot"'),
    ("autostart", "a command is missing"),
    ("touchpad speed 2", '"2" is no speed from -1 to 1'),
    ("mouse tap on", 'mouse takes natural-scroll or speed, not "tap"'),
]


def test_each_mistake_is_named_by_line(new_desktop):
    desktop = new_desktop(config="".join(f"# comment\n{line}\n" for line, _ in MISTAKES))
    log = desktop.log()
    for i, (line, said) in enumerate(MISTAKES):
        assert f"{desktop.config}:{2 * i + 2}: {said}" in log, line
    assert log.count(f"{desktop.config}:") == len(MISTAKES)
    assert log.count("notice: ~/.config/boxland/boxland.conf:") == 4, "the first of them on screen"


def test_mistakes_are_shown_on_screen(new_desktop):
    desktop = new_desktop(config="hint off\nnonsense 1\n")
    with_error = desktop.picture("error").crop((300, 0, 980, 80))
    assert max(with_error.convert("L").getdata()) > 220, "a sentence in nearly white"
    desktop.config.write_text("hint off\n")


def test_a_mistake_changes_nothing_else(new_desktop):
    desktop = new_desktop(config="hint off\nkeyboard repeat fast\nbackground colour #102030\n"
                                 "keyboard repeat 11 222\nbackground colour blue\n")
    assert desktop.picture("colour").getpixel((5, 700)) == (0x10, 0x20, 0x30)
    with Client(desktop) as client:
        client.display.until(lambda: client.keyboard.last("repeat_info"), "it")
        assert client.keyboard.last("repeat_info") == (11, 222)


def test_named_file_must_be_there(new_desktop):
    desktop = new_desktop(args=["-c", "/nowhere/at/all"])
    assert "/nowhere/at/all: No such file or directory" in desktop.log()


def test_comments_blanks_and_spaces(new_desktop):
    desktop = new_desktop(config="\n  # a comment\n\thint   off  \n   background\tcolour  #405060\n")
    assert desktop.picture("colour").getpixel((5, 5)) == (0x40, 0x50, 0x60)
    assert f"{desktop.config}:" not in desktop.log()


def test_background_picture(new_desktop, artefacts):
    from PIL import Image
    path = artefacts / "half.png"
    image = Image.new("RGB", (640, 360), (200, 30, 30))
    image.paste((30, 30, 200), (320, 0, 640, 360))
    image.save(path)
    desktop = new_desktop(config=f"hint off\nbackground picture {path}\n")
    shown = desktop.picture("shown")
    assert shown.getpixel((100, 360)) == (200, 30, 30)
    assert shown.getpixel((1200, 360)) == (30, 30, 200)


def test_background_picture_that_is_none(new_desktop, artefacts):
    desktop = new_desktop(config="background picture ~/nothing.png\n")
    desktop.until_logged("nothing.png cannot be the background")
    assert desktop.picture("ours").getpixel((1270, 300))[2] > 60, "ours in its place"


def test_hint_shows_until_hidden(new_desktop):
    desktop = new_desktop()

    def brightest():
        return max(desktop.picture("corner").crop((940, 480, 1280, 720)).convert("L").getdata())
    assert brightest() > 200
    with Hand(desktop, US) as hand:
        hand.chord("super+h")
        assert brightest() < 150
        hand.chord("super+h")
        assert brightest() > 200


def test_hint_says_what_is_bound(new_desktop):
    plain = new_desktop().picture("plain")
    other = new_desktop(config="bind Super none\nbind Super+d none\n").picture("other")
    assert plain.tobytes() != other.tobytes()


def test_bindings_can_be_taken_away_and_changed(new_desktop):
    desktop = new_desktop(config="bind Super+q none\nbind Ctrl+Alt+q close\n")
    with Client(desktop) as client, Hand(desktop, US) as hand:
        window = client.window()
        hand.chord("super+q")
        client.display.roundtrip()
        assert not window.closed
        hand.chord("ctrl+alt+q")
        client.display.until(lambda: window.closed, "the request to close")


def test_terminal_and_launcher(new_desktop, artefacts):
    told = artefacts / "told"
    desktop = new_desktop(config=f"terminal echo term >> {told}\nlauncher echo launch >> {told}\n")
    with Hand(desktop, US) as hand:
        hand.chord("super+enter")
        hand.chord("super+d")
    desktop.until(lambda: told.exists() and len(told.read_text().split()) == 2, "both")
    assert sorted(told.read_text().split()) == ["launch", "term"]


@pytest.mark.parametrize("by", ["signal", "key"])
def test_read_again(new_desktop, by):
    desktop = new_desktop(config="hint off\nbackground colour #102030\n")
    with Client(desktop) as client, Hand(desktop, US) as hand:
        client.display.until(lambda: client.keyboard.last("keymap"), "a keymap")
        before = len(client.keyboard.all("keymap"))
        desktop.config.write_text("hint off\nbackground colour #304050\nkeyboard layout de\n"
                                  "keyboard repeat 12 345\n")
        if by == "signal":
            desktop.process.send_signal(signal.SIGHUP)
        else:
            hand.keyboard.modifiers(64 | 1, 0, 0, 0)
            hand.keyboard.key(hand.now(), 19, 1)  # R
            hand.keyboard.key(hand.now(), 19, 0)
        client.display.until(lambda: len(client.keyboard.all("keymap")) > before, "another keymap")
        client.display.until(lambda: client.keyboard.last("repeat_info") == (12, 345), "the repeat")
    assert desktop.picture("new").getpixel((5, 700)) == (0x30, 0x40, 0x50)


def randr(desktop, name):
    """What wlr-randr says of one output: a line that begins with its name, and those indented."""
    lines = desktop.run("wlr-randr").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(name))
    end = next((i for i in range(start + 1, len(lines)) if lines[i][:1] != " "), len(lines))
    return "\n".join(lines[start:end])


def test_output_settings(new_desktop):
    desktop = new_desktop(config="output HEADLESS-1 mode 800x600 scale 1.5 transform 90\n"
                                 "output HEADLESS-2 scale 2 position 3000,100\n",
                          args=["--headless", "640x480"])
    first, second = randr(desktop, "HEADLESS-1"), randr(desktop, "HEADLESS-2")
    assert "800x600" in first and "Scale: 1.5" in first and "Transform: 90" in first
    assert "Position: 3000,100" in second and "Scale: 2.0" in second


def test_output_off(new_desktop):
    desktop = new_desktop(config="output HEADLESS-2 off\n", args=["--headless", "640x480"])
    assert "Enabled: no" in randr(desktop, "HEADLESS-2")
    assert "Enabled: yes" in randr(desktop, "HEADLESS-1")


def test_cursor_theme_is_told_to_programs(new_desktop, artefacts):
    told = artefacts / "told"
    new_desktop(config=f"cursor theme DMZ-White\ncursor size 32\n"
                       f"autostart echo $XCURSOR_THEME $XCURSOR_SIZE > {told}\n").until(
        lambda: told.exists() and told.read_text(), "it")
    assert told.read_text() == "DMZ-White 32\n"
