# SPDX-License-Identifier: MIT
"""The remote window's pictures, as they are seen on a foreign desktop."""

import struct
import time

import pytest

from view.rig import ACK, TILES, VIDEO, WAIT


@pytest.mark.parametrize("present", ["shm", "gles"])
@pytest.mark.parametrize("size", [(640, 480), (641, 479), (1280, 720)])
def test_moments_equal_the_source(rig, present, size):
    relay = rig.both(present, size=size, fps=20)
    number = 5
    for moment in range(5):
        number = rig.like(f"moment-{moment}", above=number)
    window = rig.window()
    assert (window["rect"]["width"], window["rect"]["height"]) == size
    assert window["name"] == "Minecraft — den"
    assert window["app_id"] == "net.minecraft"
    assert "video codec=h264 size={}x{} colour=bt601-limited".format(*size) in relay.lines("down")
    first = relay.pictures()[0]
    assert first[2] & 1 and first[3] == 1, "it begins with a picture that needs no other"


def assert_exact(rig, name):
    """What is seen becomes the source's frame to the last bit, and soon: that it comes to rest on the
    way does not say that the window drew it already."""
    end = time.monotonic() + WAIT
    while True:
        pixels, number, _ = rig.seen(name)
        wrong = (pixels != rig.original(number)).any(axis=2).sum()
        if wrong == 0:
            return
        assert time.monotonic() < end, f"{wrong} pixels of frame {number} differ"


@pytest.mark.parametrize("present", ["shm", "gles"])
def test_text_is_exact_and_then_silent(rig, present):
    relay = rig.both(present, content="text", size=(1280, 720), fps=60)
    rig.settle(relay)
    assert_exact(rig, "text")
    assert not relay.kind("down", VIDEO), "text is not for the video lane"
    rig.settle(relay, 1.5)  # until each has told its statistics of the last second
    before = (relay.raw["down"], relay.raw["up"],
              [rig.switches(name) for name in ("boxcast", "boxview")])
    rig.quiet(relay, 3)
    after = (relay.raw["down"], relay.raw["up"],
             [rig.switches(name) for name in ("boxcast", "boxview")])
    assert before == after, "a window at rest costs nothing: no byte, no wake-up"


def test_a_blink_costs_little(rig):
    """A small change is one frame of a few tiles."""
    relay = rig.both(content="text", fps=60)
    rig.settle(relay)
    before = len(relay.pictures())
    rig.tell("blink")
    rig.settle(relay)
    sent = relay.pictures()[before:]
    assert [f[1] for f in sent] == [TILES]
    assert sent[0][5] < 4000, [f[5] for f in sent]


def acks(relay, begin):
    """What the viewer acknowledged of each picture, since so many of its acks: (when, of which
    picture, whether it was shown)."""
    told = [(frame[0], *struct.unpack(">IQIIQ", frame[6])) for frame in relay.kind("up", ACK)[begin:]]
    return [(when, sequence, shown > 0) for when, sequence, _, _, _, shown in told]


def blink(rig, relay):
    """The next picture, decoded."""
    last = max(sequence for _, sequence, _ in acks(relay, 0))
    rig.tell("blink")
    relay.wait(lambda r: any(sequence > last for _, sequence, _ in acks(r, 0)))


def test_what_was_shown_is_told_with_what_comes_next(rig):
    """Or, when nothing does, half a second later: it is no packet of its own between two keys."""
    relay = rig.both(content="text", fps=60)
    rig.settle(relay)
    before = len(relay.kind("up", ACK))
    blink(rig, relay)
    relay.wait(lambda r: len(acks(r, before)) == 2)
    (decoded, first, _), (shown, second, was_shown) = acks(relay, before)
    assert first == second and was_shown and shown - decoded > 0.3

    def with_the_next():
        told = acks(relay, before + 2)
        return any(after[2] and not ack[2] and after[1] < ack[1] and after[0] - ack[0] < 0.1
                   for ack, after in zip(told, told[1:]))
    rig.until(with_the_next, lambda: blink(rig, relay))


def settle_exact(rig, relay):
    """Waits for tiles behind the motion, and until nothing more comes: a slow machine pauses within
    motion as well."""
    relay.wait(lambda r: r.pictures()[-1][1] == TILES)
    rig.settle(relay)


@pytest.mark.parametrize("present", ["shm", "gles"])
def test_motion_that_stops_becomes_exact(rig, present):
    """A game goes as video; a moment after it stands still it is right to the last bit."""
    relay = rig.both(present, fps=60)
    relay.wait(lambda r: len(r.kind("down", VIDEO)) > 10)
    rig.tell("fps 0")
    settle_exact(rig, relay)
    assert_exact(rig, "still")
    rig.tell("fps 60")
    now = len(relay.kind("down", VIDEO))
    relay.wait(lambda r: len(r.kind("down", VIDEO)) > now + 10)
    rig.tell("fps 0")
    settle_exact(rig, relay)
    assert_exact(rig, "still")
