# SPDX-License-Identifier: MIT
"""The end of the remote window: deleting the link takes it away, and the game goes on on den."""

from demo.pixels import difference
from demo.tell import Unseen
from net.place import wait_for

SENTENCE = "Ann deletes the link: the window leaves ibiza, and the game is still there on den."
GONE_S = 10
BARE = 3  # mean difference from the empty desktop, where the terminal's shadow may lie


def show(stage):
    ibiza, terminal = stage.ibiza, stage.terminal
    place = ibiza.geometry(stage.view)
    bare = stage.bare_desktop.crop(place)
    link = ibiza.box("ls", f"/n/den{stage.game}/out").split()[0]
    terminal.says(f"box rm /n/den{stage.game}/out/{link}")
    ibiza.wait_no_box(stage.view, GONE_S)
    wait_for(lambda: difference(bare, ibiza.picture().crop(place)) < BARE, GONE_S,
             "the game's window to leave ibiza's desktop")
    if not stage.den.has_box(stage.game):
        raise Unseen("the game on den ended with the link")
