# SPDX-License-Identifier: MIT
"""The remote processor: a command typed on ibiza runs on den."""

from demo.tell import Unseen

SENTENCE = ("In the same terminal Ann runs programs on den's processor: one that den has, and one "
            "that only ibiza has, which is carried there.")


ON_DEN = "box run -c 'proc!*!*!node=den' --"
HELLO = """#!/bin/sh
echo "I came from ibiza and ran on $(uname -n)."
"""


def show(stage):
    terminal, ibiza, den = stage.terminal, stage.ibiza, stage.den
    terminal.require_answer("uname -n", "ibiza")
    terminal.require_answer(f"{ON_DEN} uname -n", "den")
    ibiza.node.write_file(f"{ibiza.node.home}/hello", HELLO, 0o755)
    if den.node.exists(f"{den.node.home}/hello"):
        raise Unseen("den has a program hello of its own")
    terminal.require_answer(f"{ON_DEN} ./hello", "I came from ibiza and ran on den.")
    if den.node.exists(f"{den.node.home}/hello"):
        raise Unseen("the program hello was left behind on den")
