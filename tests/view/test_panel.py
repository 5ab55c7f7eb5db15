# SPDX-License-Identifier: MIT
"""The panel over a view: by what path it comes, where the time goes. It is there when it is asked for."""

import numpy
import pytest

from view.test_input import EV_KEY, KEY_A, record
from view.test_picture import settle_exact

KEY_LEFTCTRL, KEY_S, KEY_LEFTSHIFT, KEY_LEFTALT = 29, 31, 42, 56
HELD = (KEY_LEFTCTRL, KEY_LEFTALT, KEY_LEFTSHIFT)
BITS = 1 << 0 | 1 << 2 | 1 << 3  # of them, as xkb has them
PANEL = (slice(20, 90), slice(24, 340))  # inside it, on the window
STAGES = (slice(90, 400), slice(24, 340))
AMBER = (255, 186, 92)
BESIDE = (slice(0, 480), slice(380, 640))


@pytest.fixture
def chord(rig):
    """Presses Ctrl+Alt+Shift+S at the desktop."""
    person = rig.person()

    def press():
        person(*(f"key {key} 1" for key in HELD), f"modifiers {BITS} 0 0 0", f"key {KEY_S} 1",
               f"key {KEY_S} 0", *(f"key {key} 0" for key in HELD), "modifiers 0 0 0 0")
        return person
    return press


def test_a_chord_shows_it_and_hides_it(rig, chord):
    relay = rig.both(content="text", fps=60)
    rig.settle(relay, 1.5)  # until its statistics of the last second were told
    rig.said.wait("focus 1")
    without = rig.shot("without")
    chord()
    rig.until(lambda: (rig.shot("over-text") != without)[PANEL].any(axis=2).mean() > 0.8, lambda: None)
    assert (rig.shot("over-text")[BESIDE] == without[BESIDE]).all()
    rig.until(lambda: "tell on" in relay.lines("up"), lambda: None)
    assert not any(line.startswith("stages ") for line in relay.lines("down")), "at rest there is nothing to tell"
    rig.tell("content game")
    rig.until(lambda: any(line.startswith("stages input=memfd coder=x264 net=unix bits=")
                          for line in relay.lines("down")), lambda: None)
    rig.until(lambda: (numpy.abs(rig.shot("told")[STAGES] - AMBER).sum(axis=2) < 30).sum() > 20,
              lambda: None)  # the network's dot and bar
    rig.tell("content text")
    person = chord()
    rig.until(lambda: "tell off" in relay.lines("up"), lambda: None)
    settle_exact(rig, relay)
    after = rig.shot("after")
    assert (after[PANEL] == rig.original(rig.number(after))[PANEL]).all(), "nothing of it is left"
    # What the window was given: the modifiers, and the key that follows, but not the chord's own.
    person(f"key {KEY_S} 1", f"key {KEY_S} 0", f"key {KEY_A} 1", f"key {KEY_A} 0")
    rig.said.wait(record(EV_KEY, KEY_A, 0))
    assert len(rig.said.all(record(EV_KEY, KEY_LEFTALT, 1))) == 2
    assert len(rig.said.all(record(EV_KEY, KEY_S, "[01]"))) == 2, "S alone is a letter like any other"


@pytest.mark.parametrize("scale", ["1.5"])
def test_it_is_sharp_at_a_broken_scale(rig, chord, scale):
    rig.command("output", "HEADLESS-1", "scale", scale)
    relay = rig.both(content="game", fps=30)
    rig.said.wait("focus 1")
    chord()
    rig.until(lambda: any(line.startswith("stages ") for line in relay.lines("down")), lambda: None)
    shot = rig.shot("scaled").astype(float).mean(axis=2)
    # Letters drawn at the screen's own pixels have edges from dark to bright within one pixel.
    text = shot[30:60, 40:200]
    assert numpy.abs(numpy.diff(text, axis=1)).max() > 110
