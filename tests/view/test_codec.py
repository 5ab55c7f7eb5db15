# SPDX-License-Identifier: MIT
"""The kind of video is one that the viewer decodes, and may change while the window is shown."""

from view.rig import ACK, LIKE


def test_what_the_viewer_takes_is_sent(rig):
    relay = rig.both(size=(641, 479), fps=20)
    relay.wait(lambda r: [line for line in r.lines("up") if line.startswith("takes ")] == [
        "takes video!*!*!codec=h264", "takes video!*!*!codec=h265", "takes video!*!*!codec=av1"])
    relay.wait(lambda r: any(line.startswith("video codec=h264 ") for line in r.lines("down")))
    window, number = rig.window()["id"], 5
    for codec, path in (("h265", "x265"), ("av1", "aom"), ("h264", "x264")):
        # what is not known is passed over, as what comes behind the first that is
        rig.say(relay, f"takes video!*!*!codec=of-tomorrow\ntakes video!*!*!codec={codec}\n")
        relay.wait(lambda r, want=f"video codec={codec} size=641x479 colour=bt601-limited":
                   r.lines("down")[-1] == want)
        acks = len(relay.kind("up", ACK))
        relay.wait(lambda r, before=acks: len(r.kind("up", ACK)) > before + 10)
        rig.until(lambda want=path: rig.stats()["path"] == want, lambda: None)
        _, number, quality = rig.seen(codec, above=number)
        assert quality >= LIKE, f"{codec}: {quality:.1f} dB"
    assert rig.window()["id"] == window


def test_a_viewer_that_takes_nothing_is_told(rig):
    relay = rig.both(fps=20)
    relay.wait(lambda r: len(r.kind("up", ACK)) > 10)
    rig.say(relay, "takes video!*!*!codec=of-tomorrow\n")
    assert rig.ended("boxcast") == 4
    relay.wait(lambda r: "down" in r.trailers)
    assert "nothing is encoded there that the viewer decodes" in relay.trailers["down"]
