# SPDX-License-Identifier: MIT
"""A few seconds of play from ibiza's keyboard."""

import time

from demo.pixels import difference
from demo.tell import Unseen

SENTENCE = ("Ann plays for a few seconds: the keys go from ibiza to den, the picture comes from "
            "den to ibiza.")
# What is held down and for how long, as a player would.
MOVES = (("up", 1.1), ("left", 0.35), ("up", 0.7), ("right", 0.6), ("up", 0.5))
SHOTS = 4
MOVED = 6  # mean difference of the scenes before and after walking, of 255
# Of the game's picture: where its status bar counts the ammunition.
AMMO = (0.01, 0.86, 0.14, 0.97)
COUNTED = 3  # mean difference that another digit makes there


def show(stage):
    ibiza = stage.ibiza
    ibiza.take_by_titlebar(stage.view)
    stage.tell.note("Arrow keys to walk and turn, Ctrl to shoot.")
    before = ibiza.seen(stage.view)
    for key, seconds in MOVES:
        hold(ibiza.hand, key, seconds)
    moved = difference(before, ibiza.seen(stage.view))
    if moved < MOVED:
        raise Unseen(f"the game's picture on ibiza changed by {moved:.1f} of 255 while Ann walked; "
                     f"{MOVED} was expected")
    before = ammunition(stage)
    for _ in range(SHOTS):
        hold(ibiza.hand, "ctrl", 0.25)
        time.sleep(0.25)
    counted = difference(before, ammunition(stage))
    if counted < COUNTED:
        raise Unseen(f"Ann shot {SHOTS} times, and the game's count of ammunition on ibiza stayed")
    hold(ibiza.hand, "left", 0.8)


def hold(hand, key, seconds):
    hand.key(key, True)
    time.sleep(seconds)
    hand.key(key, False)


def ammunition(stage):
    image = stage.ibiza.seen(stage.view)
    return image.crop(tuple(round(share * size)
                            for share, size in zip(AMMO, image.size * 2, strict=True)))
