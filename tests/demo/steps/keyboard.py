# SPDX-License-Identifier: MIT
"""The lent keyboard: Bob's types into Ann's terminal, and Bob takes it back."""

from demo.pixels import difference
from demo.tell import Unseen
from net.place import wait_for

SENTENCE = ("Bob lets Ann have his keyboard, and she links it to her terminal. Bob's screen says "
            "that it is lent; a chord there takes it back.")
GREETING = "echo Hello Ann, this is Bob on your terminal"
LENT_S = 10
NOTICE = 2  # mean difference a notice makes at the top of a screen
NOTICE_HEIGHT = 80


def show(stage):
    ibiza, friend, terminal = stage.ibiza, stage.friend, stage.terminal
    friend.says("chinfo", "/kbd/0", "acl", "ann ksg")
    before = top_of(friend)
    terminal.says(f"box ln /n/bob.friend/kbd/0 {terminal.window}/kbd")
    link = f"{terminal.window}/kbd/0"
    wait_for(lambda: friend.run("ls", "/kbd/0/users").stdout.strip(), LENT_S,
             "friend's keyboard to have a user")
    wait_for(lambda: difference(before, top_of(friend)) > NOTICE, LENT_S,
             "friend's screen to say that the keyboard is lent")

    stage.tell.note("Bob types, on his own keyboard:")
    stage.tell.command("ibiza", GREETING)
    answer = terminal.type(GREETING, friend.hand)
    if answer != GREETING.partition(" ")[2]:
        raise Unseen(f"Bob's greeting came out as {answer!r}")
    wait_for(terminal.on_screen, LENT_S, "Bob's greeting on ibiza's screen")
    stage.picture_all("6-keyboard-lent")

    stage.tell.note("Bob presses Super+Esc: the keyboard is his own again.")
    friend.hand.chord("super+esc")
    wait_for(lambda: not friend.run("ls", "/kbd/0/users").stdout.strip(), LENT_S,
             "friend's keyboard to have no user")
    wait_for(lambda: difference(before, top_of(friend)) < NOTICE, LENT_S,
             "the notice on friend's screen to go")
    ibiza.wait_no_box(link, LENT_S)


def top_of(machine):
    image = machine.picture()
    return image.crop((0, 0, image.width, NOTICE_HEIGHT))
