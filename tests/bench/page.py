#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a terminal shows for the bench (contents.py). It runs in the terminal.

    page.py FOLDER page        a page of text, for ever
    page.py FOLDER LINES RATE  the same, the cursor above it for keys to be echoed; once there is a
                               file FOLDER/scroll, so many lines at so many a second, and then the
                               time (CLOCK_MONOTONIC, ns) in FOLDER/scrolled
"""

import os
import random
import shutil
import sys
import time

WORDS = ("box window cable frame glyph keyboard screen remote picture lossless tile stream switch "
         "desktop damage vector delay bridge pixel colour copy link name right group").split()
POLL_S = 0.05


def line(number, width):
    """A line of text as a build or a log has it: always the same for a number."""
    draw = random.Random(number)
    words = f"[{number:04}] "
    while True:
        word = draw.choice(WORDS)
        if len(words) + len(word) + 1 >= width * (0.4 + 0.55 * draw.random()):
            break
        words += word + " "
    return words.replace("] ", f"] \033[{31 + number % 6}m", 1) + "\033[0m"


def scroll(folder, lines, rate, rows, columns):
    """The lines, each at its time."""
    begin = time.monotonic()
    sys.stdout.write(f"\033[{rows};1H")
    for number in range(lines):
        time.sleep(max(0, begin + number / rate - time.monotonic()))
        sys.stdout.write("\n\r" + line(1000 + number, columns))
        sys.stdout.flush()
    ended = time.monotonic_ns()
    with open(f"{folder}/scrolled.new", "w", encoding="ascii") as out:
        out.write(str(ended))
    os.rename(f"{folder}/scrolled.new", f"{folder}/scrolled")


def main(folder, what, rate="0"):
    """Draws the page, then what was asked."""
    columns, rows = shutil.get_terminal_size()
    # Without the last column and line: nothing scrolls. The cursor stands at the top, on its own.
    page = "\r\n".join(line(number, columns) for number in range(2, rows - 1))
    sys.stdout.write("\033[2J\033[4;1H" + page + "\033[1;1H")
    sys.stdout.flush()
    if what != "page":
        while not os.path.exists(f"{folder}/scroll"):
            time.sleep(POLL_S)
        scroll(folder, int(what), int(rate), rows, columns)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main(*sys.argv[1:])
