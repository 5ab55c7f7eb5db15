# SPDX-License-Identifier: MIT
"""Three machines come up. Whoever wants to watch ibiza is told how."""

from demo import watch
from demo.pixels import colours
from demo.tell import Unseen

SENTENCE = ("Three machines come up: den, ibiza and friend. They have nothing in common but a "
            "network cable.")
PERSONS = {"den": "ann", "ibiza": "ann", "friend": "bob"}
A_WALLPAPER = 500  # colours; a screen of one is not a desktop


def show(stage):
    for name, person in PERSONS.items():
        stage.start(stage.add(name, person))
    tell_how_to_watch(stage)
    for machine in (stage.den, stage.ibiza, stage.friend):
        seen = colours(machine.picture())
        if seen < A_WALLPAPER:
            raise Unseen(f"{machine.name}'s desktop shows {seen} colours, no wallpaper")
    stage.bare_desktop = stage.ibiza.picture()


def tell_how_to_watch(stage):
    if stage.options.vnc:
        port = watch.serve_vnc(stage.ibiza)
        stage.tell.note("Watch ibiza with this, from another machine after the second line there:")
        stage.tell.command("here", f"vncviewer 127.0.0.1::{port}")
        stage.tell.command("there", f"ssh -L {port}:127.0.0.1:{port} THIS-MACHINE")
