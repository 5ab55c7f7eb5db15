# SPDX-License-Identifier: MIT
"""A picture on other pixels than its own is drawn sharply, at rest too, where there is GLES."""

import numpy

from view.test_picture import assert_exact

SIZE, SCREEN = (640, 480), (1280, 800)
SHOWN = (1067, 800)  # of SIZE on SCREEN


def weights(count, drawn):
    """How much of each of so many pixels is in each that is drawn: Catmull-Rom, or the mean."""
    ratio, at = count / drawn, numpy.arange(drawn)[:, None]
    out = numpy.zeros((drawn, count))
    if ratio >= 1:
        place = numpy.arange(count)[None]
        return numpy.clip(numpy.minimum((at + 1) * ratio, place + 1) - numpy.maximum(at * ratio, place),
                          0, None) / ratio
    middle = (at + 0.5) * ratio - 0.5
    place = numpy.floor(middle).astype(int) + numpy.arange(-1, 3)
    d = abs(middle - place)
    near, far = ((1.5 * d - 2.5) * d * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2)
    numpy.add.at(out, (numpy.broadcast_to(at, place.shape), place.clip(0, count - 1)),
                 numpy.where(d < 1, near, far))
    return out


def scaled(pixels, size):
    rows, columns, _ = pixels.shape
    across = (weights(columns, size[0]) @ pixels).clip(0, 255)
    down = weights(rows, size[1]) @ across.reshape(rows, -1)
    return down.clip(0, 255).reshape(size[1], size[0], 3)


def test_a_still_picture_is_drawn_for_the_screen(rig):
    relay = rig.both("gles", content="text", size=SIZE, fps=60)
    rig.settle(relay)
    _, number, _ = rig.seen("own")
    rig.command('[app_id="net.minecraft"]', "fullscreen", "enable")
    rig.said.wait("size 1280 800")  # it stays as it is
    x = (SCREEN[0] - SHOWN[0]) // 2
    want = scaled(rig.original(number).astype(float), SHOWN)

    def error():
        pixels = rig.shot("screen", crop=False)
        assert pixels.shape == (SCREEN[1], SCREEN[0], 3)
        return abs(pixels[:, x:x + SHOWN[0]] - want)
    rig.until(lambda: error().max() <= 2, lambda: None)
    rig.command('[app_id="net.minecraft"]', "fullscreen", "disable")
    rig.window(check=lambda w: w["rect"]["width"] == SIZE[0])
    rig.until(lambda: rig.shot("back").shape[1] == SIZE[0], lambda: None)
    assert_exact(rig, "back")
