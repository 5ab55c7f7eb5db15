# SPDX-License-Identifier: MIT
"""Finding windows of one colour in pictures."""

import numpy

RED, GREEN, BLUE = (0xcc, 0x20, 0x20), (0x20, 0xcc, 0x20), (0x20, 0x20, 0xcc)


def bounds(image, colour):
    """The rectangle around all pixels of exactly that colour: x, y, width, height; or None."""
    same = (numpy.asarray(image) == numpy.array(colour, dtype=numpy.uint8)).all(axis=2)
    ys, xs = numpy.nonzero(same)
    if len(xs) == 0:
        return None
    return (int(xs.min()), int(ys.min()), int(xs.max() - xs.min() + 1),
            int(ys.max() - ys.min() + 1))
