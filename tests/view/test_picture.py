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
