# SPDX-License-Identifier: MIT
"""A view ends at either side, in order or not, and each program says what happened."""

import re
import signal

import pytest

from view.rig import Relay


def settled_trailers(relay):
    relay.wait(lambda r: len(r.trailers) == 2)
    return relay.trailers


def test_the_window_goes(rig):
    relay = rig.both(fps=20)
    rig.tell("gone")
    assert rig.ended("boxview") == 0
    assert rig.ended("boxcast") == 0
    trailers = settled_trailers(relay)
    assert trailers["down"].startswith("ok\n") and trailers["up"].startswith("ok\n")
    rig.said.wait("destroy|unbound")


def test_the_display_deletes_the_view(rig):
    relay = rig.both(fps=20)
    rig.boxview.send_signal(signal.SIGTERM)
    assert rig.ended("boxview") == 0
    assert rig.ended("boxcast") == 0
    trailers = settled_trailers(relay)
    assert trailers["down"].startswith("ok\n") and trailers["up"].startswith("ok\n")
    rig.said.wait("destroy|unbound")


def test_the_link_is_deleted(rig):
    rig.both(fps=20)
    rig.boxcast.send_signal(signal.SIGTERM)
    assert rig.ended("boxcast") == 0
    assert rig.ended("boxview") == 0


def test_closing_asks_the_application(rig):
    rig.both(fps=20)
    rig.command('[app_id="net.minecraft"]', "kill")
    rig.said.wait("close")
    assert rig.boxview.poll() is None, "the application decides"
    rig.tell("gone")
    assert rig.ended("boxview") == 0


def test_a_killed_viewer_is_told(rig):
    rig.both(fps=20)
    rig.kill("boxview")
    assert rig.ended("boxcast") == 3
    assert re.search(r"the viewer was lost: .+", rig.log("boxcast"))
    rig.said.wait("destroy|unbound")


def test_a_killed_desktop_ends_the_viewer(rig):
    rig.both(fps=20)
    rig.programs["sway"].terminate()
    assert rig.ended("boxview") == 1
    assert "the compositor is gone" in rig.log("boxview")
    assert rig.ended("boxcast") == 3


def test_a_killed_land_tells_the_viewer(rig):
    """The source's desktop dies: its boxcast says so, the picture stays."""
    relay = rig.both(fps=20)
    rig.kill("castland")
    assert rig.ended("boxcast") == 0
    relay.wait(lambda r: r.trailers.get("down", "").startswith("no EIO "))
    assert rig.boxview.poll() is None


def test_whoever_stands_still_does_not_outlive_its_land(rig):
    """The kernel's word that the source's desktop died is enough, whatever the loop does."""
    rig.both(fps=20)
    rig.boxcast.send_signal(signal.SIGUSR1)
    assert rig.ended("boxcast") == -signal.SIGALRM


@pytest.mark.parametrize("how", ["killed", "cut"])
def test_a_lost_source_leaves_its_picture_and_returns(rig, how):
    relay = rig.both(fps=20)
    before, number, _ = rig.seen("alive")
    if how == "killed":
        rig.kill("boxcast")
    else:
        relay.cut()
    end = 200
    while end:  # the veil comes within moments
        end -= 1
        veiled = rig.shot("veiled")
        if veiled[300:].mean() < before[300:].mean() * 0.7:
            break
    else:
        raise AssertionError("the picture was not dimmed")
    assert veiled[300:].std() > 5, "the picture is still there"
    assert veiled[200:280].max() > 220, "a sentence is written on it"
    assert rig.boxview.poll() is None
    assert "den/win/3 was lost" in rig.log("boxview")
    # the same view met again, by another boxcast
    rig.programs["castland"].kill()
    again = rig.cast(fps=20)
    rig.give(again)
    again.wait(lambda r: len(r.kind("up", 7)) > 10)
    rig.like("returned", above=5)
    assert again.pictures()[0][2] & 1, "it begins with a keyframe"
    assert rig.boxview.poll() is None


def test_a_source_that_does_not_return(rig):
    relay = rig.both(fps=20)
    relay.cut()
    assert rig.ended("boxview", timeout=40) == 3
    assert "did not return" in rig.log("boxview")


def test_an_exchange_lost_before_the_first_picture(rig):
    relay = Relay()
    rig.relays.append(relay)
    rig.view(relay)
    relay.source_end.close()
    assert rig.ended("boxview") == 3
    assert "before its first picture" in rig.log("boxview")
