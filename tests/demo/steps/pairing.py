# SPDX-License-Identifier: MIT
"""Persons and their machines: one person's two, and a friend's."""

from demo.tell import Unseen
from net.household import pair

SENTENCE = ("Ann and Bob make their keys, then each pair of machines is told the other's "
            "fingerprint: ibiza becomes Ann's second machine, Bob becomes a friend.")


def show(stage):
    den, ibiza, friend = stage.den, stage.ibiza, stage.friend
    den.says("init", "--person", "ann")
    friend.says("init", "--person", "bob")
    for one, other, mine in ((den, ibiza, True), (ibiza, friend, False)):
        with one.aloud(), other.aloud():
            pair(one, other, mine=mine)
    known = ibiza.says("ls", "/n")
    for name in ("den", "bob.friend"):
        if name not in known.split():
            raise Unseen(f"ibiza does not know {name} after pairing; it knows: {known}")
