# SPDX-License-Identifier: MIT
"""Decoded pictures are handed to the compositor where VA-API has put them, and drawn where they cannot be.
The graphics processor is tests/va, its memory memfds; the compositor is compositor.py, which maps them."""

import pytest

from view.compositor import Compositor
from view.rig import LIKE, psnr
from view.test_va import GPU

TILED = 0x0100000000000002  # I915_FORMAT_MOD_Y_TILED


def show(rig, **more):
    compositor = Compositor(f"{rig.runtime}/other", **more)
    relay = rig.cast(size=(640, 480), fps=20)
    rig.view(relay, present=None, env={**GPU, "WAYLAND_DISPLAY": "other", "BOXLAND_VA_TELLS": "1"})
    return compositor


def handed_out(rig):
    return rig.log("boxview").count("is handed out")


def quality(rig, pixels):
    return psnr(pixels, rig.original(rig.number(pixels)))


@pytest.mark.parametrize("version", [3, 4])
def test_pictures_are_handed_on_where_they_are(rig, version):
    with show(rig, version=version) as compositor:
        compositor.wait(lambda kind, pixels: kind == "shm")  # until it has said that it takes one
        compositor.wait(lambda kind, pixels: kind == "dmabuf")
        last = 0
        for _ in range(10):
            pixels = compositor.wait(lambda kind, pixels, last=last:
                                     kind == "dmabuf" and (rig.number(pixels) or 0) > last)
            last = rig.number(pixels)
            assert quality(rig, pixels) >= LIKE
        assert handed_out(rig) >= 10
        # a window at rest is made exact over it: that reads what the graphics processor has
        rig.tell("fps 0")
        last = rig.number(compositor.wait(lambda kind, pixels: kind == "shm" and
                                          (rig.number(pixels) or 0) >= last and quality(rig, pixels) > 90))
        rig.tell("fps 20")
        compositor.wait(lambda kind, pixels: kind == "dmabuf" and (rig.number(pixels) or 0) > last)
        assert rig.boxview.poll() is None


@pytest.mark.parametrize("more", [{"takes": False}, {"modifiers": (TILED,)}, {"version": 2}])
def test_what_cannot_be_handed_on_is_drawn(rig, more):
    with show(rig, **more) as compositor:
        last = tried = 0
        for i in range(20):
            pixels = compositor.wait(lambda kind, pixels, last=last: (rig.number(pixels) or 0) > last)
            last = rig.number(pixels)
            assert quality(rig, pixels) >= LIKE
            tried = handed_out(rig) if i == 9 else tried
        assert handed_out(rig) == tried, "those behind the first are not handed out for nothing"
        for size in ((320, 240), (640, 480)):
            rig.tell("size {} {}".format(*size))
            compositor.wait(lambda kind, pixels, size=size: pixels.shape[1::-1] == size)
        assert rig.log("boxview").count("they are drawn") <= 1, "a stranger fills the log"
        assert all(kind == "shm" for kind, _ in compositor.shown)
        assert not compositor.failure, compositor.failure
        assert rig.boxview.poll() is None
