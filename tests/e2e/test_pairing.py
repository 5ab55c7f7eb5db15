# SPDX-License-Identifier: MIT
"""Two people at two terminals make their machines known to each other, and part again."""

import pytest

from e2e.terminal import Terminal, digits
from net.household import Household, pair
from net.place import wait_for


@pytest.fixture(scope="module")
def homes(lab):
    """Ann's den, a machine of nobody's, and Bob's pc; none knows another."""
    den = Household(lab.node("den")).start()
    ibiza = Household(lab.node("ibiza")).start()
    pc = Household(lab.node("pc", person="bob")).start()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    return den, ibiza, pc


def test_six_digits_on_two_screens(homes):
    """The same on both, and nothing is known before both people have said so."""
    den, ibiza, _ = homes
    at_den = Terminal(den, "pair", "--mine")
    at_den.wait("waiting for the other machine")
    at_den.type("yes")  # too early: it is no answer to what is not asked yet
    at_ibiza = Terminal(ibiza, "pair", "--mine", den.node.ip)
    first, second = digits(at_den, at_ibiza)
    assert first == second
    assert "It calls itself ibiza, nobody's machine yet." in at_den.said
    assert "It calls itself den, a machine of ann." in at_ibiza.said
    at_ibiza.type("perhaps")
    at_ibiza.wait("yes or no?")
    at_ibiza.type("yes")
    at_ibiza.wait("Now the same question is answered there.")
    assert at_den.process.poll() is None and not den.has_box("/n/ibiza")
    at_den.type("yes")
    assert (at_den.end(), at_ibiza.end()) == (0, 0), at_den.said + at_ibiza.said
    assert "/n/ibiza is known now, a machine of ann" in at_den.said
    assert "/n/den is known now, a machine of ann" in at_ibiza.said
    assert ibiza.box("run", "-c", "proc!*!*!node=den", "--", "uname", "-n") == "den"


def test_one_no_ends_it_on_both(homes):
    den, _, pc = homes
    at_pc = Terminal(pc, "pair", den.node.ip)
    at_pc.wait("does not wait to be paired: run `box pair` there")
    at_den = Terminal(den, "pair")
    digits(at_den, at_pc)
    at_den.type("yes")
    at_den.wait("Now the same question is answered there.") # before that, a no ends only these digits
    at_pc.type("no")
    assert (at_den.end(), at_pc.end()) == (1, 1)
    assert "the digits differ" in at_pc.said and "said to differ" in at_den.said
    assert not den.has_box("/n/bob.pc") and not pc.has_box("/n/ann.den")


def test_digits_take_a_terminal(homes):
    den, _, _ = homes
    said = den.refused("pair")
    assert "at a terminal" in said and "--fingerprint" in said


def test_a_passphrase_at_the_terminal(lab):
    """Asked twice for a new one and thrice for the old; none is possible, and said to be so."""
    cellar = Household(lab.node("cellar")).start()
    at = Terminal(cellar, "init", "--person", "ann")
    at.wait("New passphrase (empty for none): ")
    at.type("one")
    at.wait("Once more: ")
    at.type("two")
    assert at.end() == 1 and "differ: nothing was changed" in at.said, at.said
    at = Terminal(cellar, "init", "--person", "ann")
    for prompt in ("New passphrase", "Once more"):
        at.wait(prompt)
        at.type("secret")
    assert at.end() == 0 and "secret" not in at.said, at.said
    pem = cellar.node.read_file("/home/ann/.local/share/boxland/person.key")
    assert b"ENCRYPTED" in pem
    at = Terminal(cellar, "init", "--passphrase")
    at.wait("Passphrase: ")
    at.type("sceret")
    at.wait("this was not it, try again\r\nPassphrase: ")  # what is typed before is thrown away
    at.type("secret")
    at.wait("New passphrase")
    at.type("")
    assert at.end() == 0 and "whoever can read the file person.key" in at.said, at.said
    cellar.node.run(["chmod", "0640", "/home/ann/.local/share/boxland/machine.key"])
    cellar.boxd.stop()
    starts = cellar.node.run(["boxd"], check=False)
    assert starts.returncode != 0 and b"run `chmod 0600 /home/ann" in starts.stderr


def endless(home, at):
    """A program on another machine that goes on until it is cut."""
    process = home.node.spawn(["box", "run", "-c", f"proc!*!*!node={at}", "--", "sh", "-c",
                               "echo begun; exec sleep 600"])
    process.wait_output("begun", 30)
    return process


def test_a_revoked_machine_is_cut_everywhere(lab):
    """What it has running ends at once, and on a machine that was away as soon as that hears of it."""
    home, lost, attic = (Household(lab.node(name)).start() for name in ("home", "lost", "attic"))
    friend = Household(lab.node("friend", person="bob")).start()
    home.box("init", "--person", "ann")
    friend.box("init", "--person", "bob")
    pair(home, lost, mine=True)
    pair(home, attic, mine=True)
    pair(attic, lost)
    pair(home, friend)
    pair(lost, friend)
    assert friend.has_box("/peer/ann.lost")
    running = endless(lost, "home")
    attic.boxd.stop()

    assert "person's key" in lost.refused("revoke", "home")
    assert "only bob revokes bob.friend" in home.refused("revoke", "bob.friend")
    assert "lost is revoked" in home.box("revoke", "lost")
    assert running.wait(40) != 0
    assert not home.has_box("/peer/lost") and home.has_box("/peer/attic")
    friend.wait_no_box("/peer/ann.lost")
    assert friend.has_box("/peer/ann.home")
    assert "revoked by its person" in lost.refused("ls", "/n/home")
    assert "revoked by its person" in lost.refused("ls", "/n/bob.friend")

    home.boxd.stop()
    attic.start_boxd()
    running = endless(lost, "attic")  # who has not heard of it
    home.start_boxd()
    assert home.box("run", "-c", "proc!*!*!node=attic", "--", "uname", "-n") == "attic"
    assert running.wait(40) != 0
    assert "revoked by its person" in lost.refused("ls", "/n/attic")
    assert "serial 1\n" in attic.text("/peer/ann/revoked")

    home.box("revoke", lost.box("pair", "--fingerprint"))  # told again, nothing is new
    assert "revoked by its person" in lost.refused("ls", "/n/home")
    assert "serial 1\n" in home.text("/peer/ann/revoked")
