# SPDX-License-Identifier: MIT
"""Comparing pictures of desktops (PIL images)."""

import numpy


def difference(one, other):
    """The mean difference of two pictures, of 255. Pictures of two sizes are as different as any."""
    if one.size != other.size:
        return 255.0
    return float(numpy.abs(numpy.asarray(one, numpy.int16) - numpy.asarray(other, numpy.int16)).mean())


def colours(image):
    """How many colours there are in a picture."""
    return len(image.getcolors(image.width * image.height))
