# SPDX-License-Identifier: MIT
"""Looks at a picture of the guest's screen: colours, and text in fonts that it was shown before.

Text is read by comparing cells of pixels with known glyphs, bit for bit; there is no guessing. It
must be bright on dark or dark on bright. The glyphs of the console come from the guest's kernel
(font.py), those of a terminal from a line of known text in it.
"""

import json

MIDDLE = 128
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class Picture:
    """Pixels, 8 bits of red, green and blue."""

    def __init__(self, ppm):
        """ppm is the contents of a binary PPM file, as QEMU writes it."""
        magic, size, depth, self.data = ppm.split(b"\n", 3)
        if (magic, depth) != (b"P6", b"255"):
            raise ValueError("not a PPM file of 8 bits")
        self.width, self.height = map(int, size.split())

    def __eq__(self, other):
        return isinstance(other, Picture) and self.data == other.data

    def pixel(self, x, y):
        """The three bytes of a pixel."""
        at = 3 * (y * self.width + x)
        return self.data[at:at + 3]

    def row(self, x, y, width):
        """The bytes of part of a row."""
        at = 3 * (y * self.width + x)
        return self.data[at:at + 3 * width]

    def share(self, colour):
        """Which part of the pixels has the colour."""
        pixels = [self.data[at:at + 3] for at in range(0, len(self.data), 3)]
        return pixels.count(colour) / len(pixels)

    def cell(self, x, y, width, height):
        """The pixels of a cell, as a number a row: whether each is as bright as the cell's first.

        Green stands for brightness. What a smooth neighbour spills into the cell is too faint.
        """
        first = self.pixel(x, y)[1] >= MIDDLE
        rows = (self.row(x, line, width)[1::3] for line in range(y, y + height))
        return tuple(sum(((green >= MIDDLE) != first) << (width - 1 - i)
                         for i, green in enumerate(row)) for row in rows)

    def solid(self, colour, least=4):
        """(x, y, width, height) of the topmost solid rectangle of a colour, or None."""
        for y in range(self.height):
            at = self.row(0, y, self.width).find(colour * least)
            while at >= 0 and at % 3:  # between two pixels
                at = self.row(0, y, self.width).find(colour * least, at + 1)
            if at < 0:
                continue
            x, width, height = at // 3, least, 1
            while x + width < self.width and self.pixel(x + width, y) == colour:
                width += 1
            while y + height < self.height and self.row(x, y + height, width) == colour * width:
                height += 1
            return x, y, width, height
        return None


class Font:
    """Glyphs of one size: {bits: character}."""

    def __init__(self, width, height, glyphs):
        self.width, self.height, self.glyphs = width, height, glyphs
        self.glyphs.setdefault((0,) * height, " ")

    @classmethod
    def of_console(cls, path):
        """The font that font.py wrote. A cell may be dark on bright, so it is known both ways."""
        with open(path, encoding="ascii") as file:
            font = json.load(file)
        glyphs = {}
        for number in range(32, 127):
            bits = tuple(font["glyphs"][number])
            inverse = tuple(~row & ((1 << font["width"]) - 1) for row in bits)
            first = bits[0] >> (font["width"] - 1)
            glyphs[inverse if first else bits] = chr(number)
        return cls(font["width"], font["height"], glyphs)

    @classmethod
    def of_line(cls, picture, x, y, width, height, text):
        """The font of a line of known text whose first cell is at x, y."""
        glyphs = {}
        for number, character in enumerate(text):
            bits = picture.cell(x + number * width, y, width, height)
            if glyphs.setdefault(bits, character) != character:
                raise ValueError(f"{character!r} looks like {glyphs[bits]!r}")
        return cls(width, height, glyphs)

    def read(self, picture, x=0, y=0, characters=None):
        """The lines of text on a picture whose first cell is at x, y, to a length or the edge."""
        right = picture.width - self.width + 1
        if characters is not None:
            right = min(right, x + characters * self.width)
        lines = []
        for top in range(y, picture.height - self.height + 1, self.height):
            lines.append("".join(
                self.glyphs.get(picture.cell(left, top, self.width, self.height), UNKNOWN)
                for left in range(x, right, self.width)).rstrip())
        return lines
