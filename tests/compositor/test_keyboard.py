# SPDX-License-Identifier: MIT
"""What clients are told of the keyboard: which keymap, when, and which keys."""

import os
import subprocess

import pytest

from wayland import wl
from wayland.clients import (GERMAN, KEYS, US, Client, Hand, check_rules, keymap_layout,
                             keymap_text)

ONE_KEY = """xkb_keymap {
	xkb_keycodes { minimum = 8; maximum = 16; <K1> = 9; };
	xkb_types { include "complete" };
	xkb_compat { include "complete" };
	xkb_symbols { key <K1> { [ %s ] }; };
};
"""


@pytest.fixture
def client(desktop):
    with Client(desktop) as made:
        yield made


def keys(client):
    return [(args[2], args[3]) for args in client.keyboard.all("key")]


def test_seat_has_keyboard_and_pointer_without_any(desktop, client):
    assert client.seat.last("capabilities") == (1 | 2,)
    client.display.until(lambda: client.keyboard.last("keymap"), "a keymap")
    assert keymap_layout(client.keyboard.last("keymap")) == "English (US)"
    assert client.keyboard.last("repeat_info") == (30, 400)


@pytest.mark.parametrize("config, env, want", [
    ("keyboard layout de\n", {}, "German"),
    ("keyboard layout de\nkeyboard variant neo\n", {}, "German (Neo 2)"),
    ("", {"XKB_DEFAULT_LAYOUT": "fr"}, "French"),
    ("keyboard layout de\n", {"XKB_DEFAULT_LAYOUT": "fr", "XKB_DEFAULT_VARIANT": "bepo"}, "German"),
])
def test_the_persons_layout(new_desktop, config, env, want):
    desktop = new_desktop(config=config, env=env)
    with Client(desktop) as client:
        client.display.until(lambda: client.keyboard.last("keymap"), "a keymap")
        assert keymap_layout(client.keyboard.last("keymap")) == want


def test_layout_that_is_not_there(new_desktop):
    desktop = new_desktop(config="keyboard layout klingon\n")
    desktop.until_logged('there is no keyboard layout "klingon"')
    with Client(desktop) as client:
        client.display.until(lambda: client.keyboard.last("keymap"), "a keymap")
        assert keymap_layout(client.keyboard.last("keymap")) == "English (US)"


def test_repeat_of_the_configuration(new_desktop):
    desktop = new_desktop(config="keyboard repeat 50 250\n")
    with Client(desktop) as client:
        client.display.until(lambda: client.keyboard.last("repeat_info"), "it")
        assert client.keyboard.last("repeat_info") == (50, 250)


def test_same_keymap_is_not_sent_again(desktop, client):
    client.window()
    ours = keymap_text(client.keyboard.last("keymap"))
    with Hand(desktop, ours) as hand:
        hand.chord("a")
        client.display.roundtrip()
        assert keys(client) == [(KEYS["a"], 1), (KEYS["a"], 0)]
        assert len(client.keyboard.all("keymap")) == 1
        hand.unplug()
        client.display.roundtrip()
        assert len(client.keyboard.all("keymap")) == 1


def test_keymap_comes_with_the_key_and_stays(desktop, client):
    client.window()
    with Hand(desktop, GERMAN) as hand:
        client.display.roundtrip()
        assert len(client.keyboard.all("keymap")) == 1, "plugging in a keyboard changes nothing"
        hand.chord("a")
        client.display.roundtrip()
        assert keymap_layout(client.keyboard.last("keymap")) == "German"
        hand.unplug()
        client.display.roundtrip()
        assert keymap_layout(client.keyboard.last("keymap")) == "German", "nor does pulling it out"
        hand.plug(US)
        hand.chord("a")
        client.display.roundtrip()
        assert keymap_layout(client.keyboard.last("keymap")) == "English (US)"
        assert not check_rules(client.display.log, client.keyboard)
        assert keys(client) == [(KEYS["a"], 1), (KEYS["a"], 0)] * 2


def test_held_keys_go_up_before_another_keymap(desktop, client):
    client.window()
    with Hand(desktop, US) as first, Hand(desktop, GERMAN) as second:
        first.key("shift", True)
        first.key("a", True)
        second.chord("d")
        first.key("a", False)
        first.key("shift", False)
        client.display.roundtrip()
        assert not check_rules(client.display.log, client.keyboard)
        released = keys(client).index((KEYS["a"], 0))
        assert released < keys(client).index((KEYS["d"], 1))
        assert keys(client).count((KEYS["a"], 0)) == 1
        between = [args for args in client.keyboard.all("modifiers")]
        assert any(args[1] == 1 for args in between), "Shift was there"
        assert client.keyboard.last("modifiers")[1] == 0


def test_keys_of_a_keyboard_that_goes_are_released(desktop, client):
    client.window()
    with Hand(desktop, US) as hand:
        hand.key("shift", True)
        hand.key("a", True)
        hand.unplug()
        client.display.roundtrip()
        assert not check_rules(client.display.log, client.keyboard)
        assert (KEYS["a"], 0) in keys(client) and (KEYS["shift"], 0) in keys(client)
        assert client.keyboard.last("modifiers")[1] == 0


def test_one_keyboard_of_one_key_after_the_other(desktop, client):
    """What wtype does, and what games did not live through."""
    client.window()
    with Hand(desktop) as hand:
        for sym in ("Up", "a", "b", "Up") * 10:
            hand.plug(ONE_KEY % sym)
            hand.keyboard.key(hand.now(), 1, 1)
            hand.keyboard.key(hand.now(), 1, 0)
            hand.unplug()
        client.display.roundtrip()
    assert not check_rules(client.display.log, client.keyboard)
    assert len(keys(client)) == 80


def test_broken_keymap_hurts_nobody(desktop, client):
    client.window()
    hand = Hand(desktop)
    hand.keyboard = hand.keyboards.create_virtual_keyboard(hand.seat)
    fd = wl.memfd(b"xkb_keymap { nonsense")
    hand.keyboard.keymap(1, fd, 21)
    os.close(fd)
    with pytest.raises(wl.ProtocolError):
        hand.display.roundtrip()
    hand.close()
    client.display.roundtrip()
    assert len(client.keyboard.all("keymap")) == 1


def test_focus_brings_held_keys_along(desktop, client):
    client.window(title="one")
    with Hand(desktop, keymap_text(client.keyboard.last("keymap"))) as hand:
        hand.key("shift", True)
        second = client.window(title="two")
        enter = [args for args in client.keyboard.all("enter") if args[1] is second.surface][-1]
        assert enter[2] == KEYS["shift"].to_bytes(4, "little")
        assert client.keyboard.last("modifiers")[1] == 1
        hand.key("shift", False)
        client.display.roundtrip()
        assert not check_rules(client.display.log, client.keyboard)


def test_bindings_do_not_reach_clients(desktop, client):
    client.window()
    with Hand(desktop, US) as hand:
        hand.chord("super+h")
        client.display.roundtrip()
        assert {code for code, _ in keys(client)} <= {KEYS["super"]}
        hand.chord("h")
        client.display.roundtrip()
        assert keys(client)[-2:] == [(KEYS["h"], 1), (KEYS["h"], 0)]
        assert not check_rules(client.display.log, client.keyboard)


def test_window_opened_by_a_key_does_not_have_it_down(new_desktop):
    desktop = new_desktop(config="bind Super+a exec true\n")
    with Client(desktop) as client, Hand(desktop, US) as hand:
        hand.key("super", True)
        hand.key("a", True)
        client.window()
        enter = client.keyboard.last("enter")
        assert KEYS["a"].to_bytes(4, "little") not in enter[2]
        hand.key("a", False)
        hand.key("super", False)
        client.display.roundtrip()
        assert (KEYS["a"], 0) not in keys(client)


def test_bound_letter_is_what_is_printed(new_desktop, artefacts):
    """On a German keyboard Y and Z are swapped."""
    told = artefacts / "told"
    desktop = new_desktop(config=f"hint off\nbind Super+z exec echo z >> {told}\n"
                                 f"bind Super+d exec echo d >> {told}\n")
    with Hand(desktop, GERMAN) as hand:
        hand.key("super", True)
        for code in (21, 44):  # where Y and Z are on a US keyboard
            hand.keyboard.key(hand.now(), code, 1)
            hand.keyboard.key(hand.now(), code, 0)
        hand.key("d", True)
        hand.key("d", False)
        hand.key("super", False)
    desktop.until(lambda: told.exists() and len(told.read_text().split()) == 2, "both")
    assert sorted(told.read_text().split()) == ["d", "z"]


def test_super_alone_starts_the_launcher_and_super_with_a_key_does_not(new_desktop, artefacts):
    told = artefacts / "told"
    desktop = new_desktop(config=f"hint off\nlauncher echo launched >> {told}\n"
                                 f"bind Super+a exec echo a >> {told}\n")
    with Hand(desktop, US) as hand:
        hand.chord("super+a")
        hand.key("super", True)
        hand.click(10, 10)
        hand.key("super", False)
        hand.chord("super+s")
        hand.chord("super")
    desktop.until(lambda: told.exists() and "launched" in told.read_text(), "the launcher")
    assert sorted(told.read_text().split()) == ["a", "launched"]


def test_shortcuts_go_to_a_window_that_asks(desktop, client):
    window = client.window()
    manager = client.display.bind("zwp_keyboard_shortcuts_inhibit_manager_v1")
    inhibitor = manager.inhibit_shortcuts(window.surface, client.seat)
    client.display.until(lambda: inhibitor.last("active") is not None, "that it is so")
    with Hand(desktop, US) as hand:
        hand.chord("super+q")
        client.display.roundtrip()
        assert not window.closed and (KEYS["q"], 1) in keys(client)
        hand.chord("super+esc")
        client.display.until(lambda: inhibitor.last("inactive") is not None, "that it is over")
        hand.chord("super+q")
        client.display.until(lambda: window.closed, "the request to close")


def test_quit_asks_while_windows_are_open(desktop, client):
    client.window()
    with Hand(desktop, US) as hand:
        hand.chord("super+shift+e")
        desktop.until_logged("Super+Shift+E again ends the session")
        assert desktop.process.poll() is None
        with pytest.raises(wl.ProtocolError):
            hand.chord("super+shift+e")
            hand.display.until(lambda: False, "the end")
    assert desktop.process.wait(20) == 0


def test_quit_asks_nothing_when_nothing_is_open(desktop):
    with Hand(desktop, US) as hand:
        with pytest.raises(wl.ProtocolError):
            hand.chord("super+shift+e")
            hand.display.until(lambda: False, "the end")
    assert desktop.process.wait(20) == 0


def test_wtype_types_into_foot(desktop, artefacts):
    told = artefacts / "told"
    desktop.start("foot", "sh", "-c", f"read line; echo \"$line\" > {told}; sleep 60")
    desktop.until_logged("(foot)")
    desktop.run("wtype", "Grüße, Ωorld! ñ")
    desktop.run("wtype", "-k", "Return")
    desktop.until(lambda: told.exists() and told.read_text(), "what was typed")
    assert told.read_text() == "Grüße, Ωorld! ñ\n"


def test_wtype_uses_bindings(desktop):
    desktop.run("wtype", "-M", "logo", "-k", "Return", "-m", "logo")
    desktop.until_logged("(foot)")


def test_game_survives_keyboards_that_come_and_go(desktop):
    game = desktop.start(
        "/usr/games/chocolate-doom", "-iwad", "/usr/share/games/doom/freedoom1.wad", "-window",
        "-geometry", "640x480", "-nosound", "-warp", "1", "1", "-skill", "2",
        env={"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy",
             "SDL_RENDER_DRIVER": "software"})
    desktop.until_logged("(chocolate-doom) 640x480")
    with Hand(desktop) as hand:
        for i in range(40):
            desktop.run("wtype", "-k", "Up")
            hand.plug(GERMAN if i % 2 else US)
            hand.key("up", True)
            hand.key("left", True)
            hand.key("left", False)
            hand.unplug()
            assert game.poll() is None, "the game died"
    desktop.picture("game")
    game.terminate()


def test_foreign_keyboard_types_its_own_letters(desktop, artefacts):
    """The keymap is in force at the first key already, for a client that reads it."""
    told = artefacts / "told"
    desktop.start("foot", "sh", "-c", f"read line; echo \"$line\" > {told}; sleep 60")
    desktop.until_logged("(foot)")
    with Hand(desktop, GERMAN) as hand:
        for code in (21, 44, 39):  # z, y and ö on a German keyboard
            hand.keyboard.key(hand.now(), code, 1)
            hand.keyboard.key(hand.now(), code, 0)
        hand.plug(US)
        for code in (21, 44, 39):
            hand.keyboard.key(hand.now(), code, 1)
            hand.keyboard.key(hand.now(), code, 0)
        hand.chord("enter")
    desktop.until(lambda: told.exists() and told.read_text(), "what was typed")
    assert told.read_text() == "zyöyz;\n"


def test_wtype_is_not_refused_a_second_time(desktop):
    """Nothing is left of a keyboard that went."""
    for _ in range(5):
        assert subprocess.run(["wtype", "a"], env=desktop.env, timeout=20).returncode == 0
