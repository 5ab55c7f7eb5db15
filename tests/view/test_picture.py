# SPDX-License-Identifier: MIT
"""The remote window's pictures, as they are seen on a foreign desktop."""

import pytest

from view.rig import VIDEO


@pytest.mark.parametrize("present", ["shm", "gles"])
@pytest.mark.parametrize("size", [(640, 480), (641, 479), (1280, 720)])
def test_moments_equal_the_source(rig, present, size):
    relay = rig.both(present, size=size, fps=20)
    number = 5
    for moment in range(5):
        _, number, quality = rig.seen(f"moment-{moment}", above=number)
        assert quality >= 30, f"frame {number}: {quality:.1f} dB"
    window = rig.window()
    assert (window["rect"]["width"], window["rect"]["height"]) == size
    assert window["name"] == "Minecraft — den"
    assert window["app_id"] == "net.minecraft"
    assert "video codec=h264 size={}x{} colour=bt601-limited".format(*size) in relay.lines("down")
    assert [f for f in relay.kind("down", VIDEO) if f[2] & 1][0][3] == 1  # a keyframe begins


def test_text_at_rest_is_sharp_and_then_silent(rig):
    relay = rig.both(content="text", size=(1280, 720), fps=60)
    # every frame refines what the one before left; the last ones have next to nothing to say
    end = len(relay.kind("down", VIDEO))
    for _ in range(100):
        rig.quiet(relay, 0.5)
        if len(relay.kind("down", VIDEO)) == end:
            break
        end = len(relay.kind("down", VIDEO))
    _, _, quality = rig.seen("text")
    assert quality >= 40, f"{quality:.1f} dB"
    assert end <= 40
    before = (relay.raw["down"], relay.raw["up"],
              [rig.switches(name) for name in ("boxcast", "boxview")])
    rig.quiet(relay, 3)
    after = (relay.raw["down"], relay.raw["up"],
             [rig.switches(name) for name in ("boxcast", "boxview")])
    assert before == after, "a window at rest costs nothing: no byte, no wake-up"


def test_a_blink_costs_little(rig):
    """A small change is sent, refined a little, and that is all."""
    relay = rig.both(content="text", fps=60)
    rig.settle(relay)
    before = len(relay.kind("down", VIDEO))
    rig.tell("blink")
    rig.settle(relay)
    sent = relay.kind("down", VIDEO)[before:]
    assert 1 <= len(sent) <= 12, [f[5] for f in sent]
    assert sum(f[5] for f in sent) < 40000, [f[5] for f in sent]
