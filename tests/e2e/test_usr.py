# SPDX-License-Identifier: MIT
"""/usr/ann/kbd follows ann: a window on one of her machines takes its keys from whichever of the
others she sits down at, and from a keyboard she chooses until she takes that back."""

import re

import pytest

from keyboards import Paper, hand_of, lent_to, state_of
from net.household import Household, pair
from net.lab import wait_for

CONF = "hint off\nkeyboard layout us\n"


@pytest.fixture
def homes(new_lab):
    """den, ibiza and loft, all of ann's and each with a desktop."""
    made = {}
    for name in ("den", "ibiza", "loft"):
        made[name] = Household(new_lab.node(name, person="ann"), boxland_conf=CONF)
        made[name].start(desktop="800x600")
    made["den"].box("init", "--person", "ann")
    pair(made["den"], made["ibiza"], mine=True)
    pair(made["den"], made["loft"], mine=True)
    pair(made["ibiza"], made["loft"])
    return made


def means(home, device="kbd"):
    """What one of ann's devices is, as a node sees it: its fingerprint and name."""
    found = re.search(r"^device (\S+)$", home.box("info", f"/usr/ann/{device}"), re.M)
    return found and found.group(1)


def test_keys_follow_the_person(homes):
    den, ibiza, loft = homes["den"], homes["ibiza"], homes["loft"]
    keys = {name: home.box("pair", "--fingerprint") for name, home in homes.items()}
    paper = Paper(den, "paper")
    assert means(ibiza) is None
    ibiza.box("ln", "/usr/ann/kbd", f"/n/den{paper.window}/kbd")
    assert "names no box yet" in state_of(den, f"{paper.window}/kbd/0")

    with hand_of(ibiza) as at_ibiza, hand_of(loft) as at_loft:
        at_ibiza.type("q")  # sits down there
        wait_for(lambda: means(den) == f"{keys['ibiza']}/kbd/0", 20, "den to hear of it")
        wait_for(lambda: lent_to(ibiza), 20, "ibiza's keyboard in den's window")
        at_ibiza.type("one\n")
        assert paper.wait_lines(1)[-1] == "one"

        at_loft.type("q")  # and now there
        wait_for(lambda: means(ibiza) == means(den) == f"{keys['loft']}/kbd/0", 20, "all to hear of it")
        wait_for(lambda: lent_to(loft) and not lent_to(ibiza), 20, "loft's keyboard in its place")
        at_loft.type("two\n")
        assert paper.wait_lines(2)[-1] == "two"

        # Chosen, on any machine, it is that one, also after a restart of who knows.
        loft.box("ln", "/n/ibiza/kbd/0", "/usr/ann/kbd")
        wait_for(lambda: lent_to(ibiza) and not lent_to(loft), 20, "ibiza's keyboard again")
        at_ibiza.type("three\n")
        assert paper.wait_lines(3)[-1] == "three"
        loft.boxd.stop()
        loft.start_boxd()
        assert means(loft) == f"{keys['ibiza']}/kbd/0"
        assert means(loft, "display") == f"{keys['loft']}/display/0"
        den.box("rm", "/usr/ann/kbd/0")
        wait_for(lambda: means(loft) == f"{keys['loft']}/kbd/0", 20, "the choice taken back")


def test_others_neither_see_nor_set_it(homes, node):
    den = homes["den"]
    friend = Household(node("pc", person="bob")).start()
    friend.box("init", "--person", "bob")
    pair(den, friend)
    assert "ENOENT" in friend.refused("info", "/n/ann.den/usr/ann/kbd")
    assert "ENOENT" in friend.refused("cp", "-", "/n/ann.den/usr", input=b"count 99\n")
    den.box("chinfo", "/usr", "acl", "bob kp")
    assert "EPERM" in friend.refused("cp", "-", "/n/ann.den/usr", input=b"count 99\n")
    assert den.box("cp", "/usr", "-") == "count 0"
