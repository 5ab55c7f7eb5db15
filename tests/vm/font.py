# SPDX-License-Identifier: MIT
"""Runs in the guest: writes the console's font to a file, so that the host can read its screen.

    font.py TERMINAL OUT

OUT is one JSON object: the size of a glyph and the rows of each of the first 128, as numbers.
"""

import ctypes
import fcntl
import json
import sys

KDFONTOP = 0x4B72  # linux/kd.h
KD_FONT_OP_GET = 1
GLYPHS_MAX = 512
PITCH = 32  # bytes that the kernel gives to a glyph, one a row for widths up to 8


class FontOp(ctypes.Structure):
    """struct console_font_op of linux/kd.h."""

    _fields_ = [("op", ctypes.c_uint), ("flags", ctypes.c_uint), ("width", ctypes.c_uint),
                ("height", ctypes.c_uint), ("charcount", ctypes.c_uint), ("data", ctypes.c_void_p)]


def main(terminal, out):
    data = ctypes.create_string_buffer(GLYPHS_MAX * PITCH)
    operation = FontOp(KD_FONT_OP_GET, 0, 8, PITCH, GLYPHS_MAX, ctypes.addressof(data))
    with open(terminal, "rb") as console:
        fcntl.ioctl(console, KDFONTOP, operation)
    glyphs = [list(data.raw[number * PITCH:number * PITCH + operation.height])
              for number in range(128)]
    with open(out, "w", encoding="ascii") as file:
        json.dump({"width": operation.width, "height": operation.height, "glyphs": glyphs}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
