# SPDX-License-Identifier: MIT
"""A real game on the big machine, on its own desktop: Debian's chocolate-doom with freedoom."""

from demo.pixels import colours
from demo.tell import Unseen
from net.place import wait_for

SENTENCE = "den, the machine with the games, starts one of Debian's. Its desktop is its own."
# Straight into a level. Without -nomouse it would keep the mouse that another window needs.
DOOM = ["chocolate-doom", "-iwad", "/usr/share/games/doom/freedoom1.wad", "-warp", "1", "1",
        "-skill", "2", "-window", "-geometry", "640x480", "-nosound", "-nomouse"]
ENV = {"SDL_VIDEODRIVER": "wayland", "SDL_AUDIODRIVER": "dummy", "SDL_RENDER_DRIVER": "software"}
START_S = 30
A_SCENE = 100  # colours of a level; fewer are a title or a blank window


def show(stage):
    den = stage.den
    stage.tell.command("den", " ".join(DOOM) + " &")
    doom = den.client(*DOOM, env=ENV)
    stage.game = den.window("chocolate-doom", START_S)
    try:
        wait_for(lambda: colours(den.seen(stage.game)) > A_SCENE, START_S, "the game's first scene")
    except TimeoutError as error:
        raise Unseen(f"{error}. chocolate-doom said: {doom.output()[-500:]}") from None
