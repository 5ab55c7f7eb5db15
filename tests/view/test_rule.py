# SPDX-License-Identifier: MIT
"""The capture rule on real sockets: nothing piles up, whatever happens on the way."""

import statistics
import time

from view.rig import ACK, LIKE, VIDEO, WAIT
from view.test_picture import settle_exact


def asked(rig):
    return len(rig.said.all(r"frame .*"))


def keyframes(relay):
    return [f for f in relay.pictures() if f[2] & 1]


def test_no_more_frames_than_the_rule_allows(rig):
    relay = rig.both(fps=60)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 20)
    relay.hold("up")
    rig.quiet(relay, 0.2)  # what is on its way arrives
    before = len(relay.kind("down", VIDEO))
    stalled = []
    rig.quiet(relay, 3)
    stalled = relay.kind("down", VIDEO)[before:]
    # the keyframe that replaces those given up, and no other
    assert sum(f[2] & 1 for f in stalled) == 1, [(f[2], f[3]) for f in stalled]
    assert len(stalled) <= 3
    relay.hold("up", False)
    relay.wait(lambda r: len(r.kind("down", VIDEO)) > before + 20)
    _, number, _ = rig.seen("after")
    rig.like("after", above=number)


def test_a_slow_way_down_keeps_the_picture_young(rig):
    """The viewer's end stands still for a second; afterwards it is not behind."""
    relay = rig.both(fps=60)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 20)
    relay.hold("down")
    time.sleep(1)  # the disturbance itself
    relay.hold("down", False)
    now = asked(rig)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 60)
    lag = len(rig.said.all(r"frame .*")) - len({f[3] for f in relay.kind("up", ACK)})
    assert lag <= 8, f"{lag} frames behind"
    assert asked(rig) > now


def test_the_keyframe_asked_for_comes_from_a_window_at_rest(rig):
    relay = rig.both(content="text", fps=60)
    rig.settle(relay)
    keys = sum(f[2] & 1 for f in relay.pictures())
    rig.say(relay, "key please\n")
    relay.wait(lambda r: sum(f[2] & 1 for f in r.pictures()) == keys + 1)


def test_the_rate_said_by_a_viewer_is_followed(rig):
    relay = rig.both(content="noise", fps=30)
    means = []
    for rate in (8_000_000, 1_000_000):
        rig.say(relay, f"rate {rate}\n")
        before = len(relay.kind("down", VIDEO))
        relay.wait(lambda r, before=before: len(r.kind("down", VIDEO)) > before + 60)
        means.append(statistics.mean(f[5] for f in relay.kind("down", VIDEO)[-20:]))
    assert means[0] > 3 * means[1], means
    assert relay.kind("down", VIDEO)[-1][5] < rate / 8 / 20 + 2000


def test_the_refresh_of_a_viewer_that_is_met_again_stands(rig):
    """It says it at once, before the window's facts are there."""
    relay = rig.cast(size=(1280, 720), fps=30, start=False)
    rig.say(relay, "refresh 8333\nfocus on\n")
    rig.said.wait("focus 1")
    rig.tell("start")
    assert int(rig.stats()["rate"]) > 12_000_000  # bits a second: four times those of 30 Hz


def test_a_small_rate_takes_pixels_and_gives_them_back(rig):
    """Few bits: fewer pixels are coded, of the same window; all of them when there are more bits."""
    relay = rig.both(fps=60)
    whole = "video codec=h264 size=640x480 colour=bt601-limited"
    relay.wait(lambda r: whole in r.lines("down"))
    rig.say(relay, "rate 500000\n")
    relay.wait(lambda r: any("size=640x480 coded=480x360" in line for line in r.lines("down")))
    smaller, keys = relay.pictures()[-1][3], len(keyframes(relay))
    _, number, _ = rig.seen("smaller")
    rig.like("smaller", above=number)
    assert rig.window()["rect"]["width"] == 640
    rig.tell("fps 0")
    settle_exact(rig, relay)  # lossless tiles over video of fewer pixels
    pixels, number, _ = rig.seen("still")
    assert (pixels == rig.original(number)).all()
    rig.say(relay, "rate 8000000\n")
    rig.tell("fps 60")
    relay.wait(lambda r: r.lines("down")[-1] == whole and r.kind("down", VIDEO)[-1][3] > smaller + 60)
    assert len(keyframes(relay)) - keys <= 4, "each change costs one keyframe, and so does moving again"
    _, number, _ = rig.seen("all")
    assert rig.seen("all", above=number)[2] >= LIKE


def path(sent, lost):
    """What boxd says of a long way."""
    return f"path rtt=95000 least=90000 window=200000 flight=20000 sent={sent} lost={lost}\n"


def test_on_a_long_way_that_loses_packets_each_frame_goes_twice(rig):
    relay = rig.both(fps=60)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 20)

    def twice(frames):
        sequences = [f[3] for f in frames if f[1] == VIDEO and not f[2] & 1]
        return len(sequences) - len(set(sequences))

    assert twice(relay.pictures()) == 0
    said, deadline = 0, time.monotonic() + WAIT
    while twice(relay.pictures()) < 30:
        assert time.monotonic() < deadline, "no frame is sent twice"
        said += 1
        rig.say(relay, path(40 * said, 2 * said))
        rig.quiet(relay, 0.1)
    _, number, _ = rig.seen("twice")
    rig.like("twice", above=number)  # a frame that is here already is dropped
    asked = relay.lines("up").count("key please")
    while True:  # the losses end, and so does that
        before = len(relay.pictures())
        said += 1
        rig.say(relay, path(40 * said, 2))
        rig.quiet(relay, 0.1)
        frames = relay.pictures()[before:]
        if len(frames) >= 4 and not twice(frames):
            break
        assert time.monotonic() < deadline + WAIT, "frames are sent twice for ever"
    assert relay.lines("up").count("key please") == asked
