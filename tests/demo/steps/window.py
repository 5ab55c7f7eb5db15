# SPDX-License-Identifier: MIT
"""The remote window: den's game on ibiza's desktop, beside a terminal of ibiza's own.

The film begins here: before, there is nothing on ibiza's desktop.
"""

from demo.pixels import difference
from demo.terminal import Terminal
from demo.tell import Unseen
from net.place import wait_for

SENTENCE = ("ibiza has a terminal. In it Ann looks at den's windows and shows one of them on her "
            "own desktop.")
GAP = 20
TITLEBAR = 32
SHOWN_S = 20
SAME = 12  # mean difference of two pictures of a scene, one of which has gone through a codec


def show(stage):
    ibiza = stage.ibiza
    width, height = ibiza.size
    stage.start_film()
    stage.tell.command("ibiza", "foot &")
    stage.terminal = Terminal(ibiza)
    right, bottom = width - GAP, (height + TITLEBAR + 480) // 2
    left, top, foot_right, foot_bottom = ibiza.geometry(stage.terminal.window)
    place = (right - (foot_right - left), bottom - 480)
    ibiza.take_by_titlebar(stage.terminal.window, place)

    stage.terminal.says("box ls /n/den/win")
    stage.terminal.says(f"box ln /display/0 /n/den{stage.game}/out")
    stage.view = ibiza.window("chocolate-doom", SHOWN_S)
    ibiza.take_by_titlebar(stage.view, (GAP, bottom - 480))
    wait_for(lambda: difference(ibiza.seen(stage.view), stage.den.seen(stage.game)) < SAME, SHOWN_S,
             "den's game to look on ibiza as it does on den")
    # In a window on a person's own screen there may be less room than was asked for.
    if not stage.display and ibiza.geometry(stage.view)[2] > ibiza.geometry(stage.terminal.window)[0]:
        raise Unseen("the game's window and the terminal lie over one another")
