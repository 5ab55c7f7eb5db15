# SPDX-License-Identifier: MIT
"""What a person meets who has read nothing: `box`, `box doctor`, and what refusals say.

What `box` proposes is typed here as it stands, by a shell, and has to work.
"""

import re

import pytest

from e2e.terminal import Terminal, digits
from net.household import Household, pair
from net.place import wait_for, within
from wayland.clients import Client


def proposals(text):
    """The commands in what `box` says: lines indented by two, up to the comment beside them."""
    indented = [line[2:] for line in text.splitlines() if re.match(r"  \S", line)]
    told = [re.split(r"\s{2,}", line)[0] for line in indented]
    return [line for line in told if line.split()[0] in ("box", "boxland")]


def told(text, beginning):
    """The one proposal that begins so."""
    found = [line for line in proposals(text) if line.startswith(beginning)]
    assert len(found) == 1, (beginning, text)
    return found[0]


def type_in(house, line, **options):
    """Types a line into a shell of the node; it must work. Its output."""
    return house.node.output(["sh", "-c", line], env=house.wayland, **options)


def diagnosis(house):
    """box doctor: its exit code, and {what: (mark, found, remedy or None)}."""
    done = house.run("doctor")
    findings, last = {}, None
    for line in done.stdout.decode().splitlines():
        if match := re.match(r"(ok|lack|none|\?) +(\S(?:\S| \S)*) {2,}(.*)|\s+remedy: (.+)", line):
            if match[4]:
                mark, found, _ = findings[last]
                findings[last] = mark, found, match[4]
            else:
                last = match[2]
                findings[last] = match[1], match[3], None
    return done.returncode, findings


def test_from_nothing_to_a_window_of_another_machine(node):
    """Two machines fresh from the box, and only what `box` says to type."""
    den = Household(node("den", person="ann")).start("800x600")
    ibiza = Household(node("ibiza", person="ann")).start("800x600")

    first = den.box()
    assert "nobody's machine" in first
    type_in(den, told(first, "box init"))
    second = den.box()
    assert "den, a machine of ann" in second and "box init" not in second

    here, there = [line for line in proposals(second) if line.startswith("box pair")]
    assert den.node.ip in there and "six digits" in second
    at_den = Terminal(den, *here.split()[1:])
    at_den.wait("waiting for the other machine")
    at_ibiza = Terminal(ibiza, *there.split()[1:])
    first, second = digits(at_den, at_ibiza)
    assert first == second
    at_den.type("yes")
    at_ibiza.type("yes")
    assert (at_den.end(60), at_ibiza.end(60)) == (0, 0), at_den.said + at_ibiza.said

    den.client("foot", "--title", "The game")
    window = den.window("foot")
    third = ibiza.box()
    assert "ibiza, a machine of ann" in third
    assert re.search(rf"/n/den{window} +The game", third)
    assert re.search(r"/n/den +ann +answers", third)
    assert "box pair" not in third
    link = type_in(ibiza, told(third, "box ln"))
    wait_for(lambda: ibiza.windows(), 30, "the window of den on ibiza")
    ibiza.box("rm", link)
    assert type_in(ibiza, told(third, "box ls"))
    assert type_in(ibiza, told(third, "box run -c")) == "den"
    assert type_in(ibiza, told(third, "box run --")) == "ibiza"
    type_in(ibiza, told(third, "box doctor"))


def test_a_node_that_is_away_is_said_and_not_waited_for(node, new_lab):
    """`box` asks everybody at once, for two seconds at most, and proposes nothing that cannot work."""
    den = Household(node("den", person="ann")).start()
    ibiza = Household(node("ibiza", person="ann")).start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    new_lab.cut(den.node)
    said = ibiza.run(timeout=within(5), check=True).stdout.decode()
    assert re.search(r"/n/den +ann +\S", said) and "answers" not in said
    assert not [line for line in proposals(said) if "den" in line]
    code, found = diagnosis(ibiza)
    assert code == 0 and found["nodes"][0] == "none" and "0 of 1" in found["nodes"][1]
    assert "7447" in found["nodes"][2]
    new_lab.mend(den.node)
    wait_for(lambda: "answers" in ibiza.box(), 30, "den to be found again")
    assert diagnosis(ibiza)[1]["nodes"] == ("ok", "1 known, all answer", None)


def test_without_boxd(node):
    """Every command says that it does not run and what to type; what the doctor says can be typed."""
    den = Household(node("den", person="ann"))
    for words in ([], ["ls"], ["run", "--", "true"], ["cp", "/fs/x", "-"], ["init"],
                  ["pair", "--fingerprint"]):
        said = den.refused(*words)
        assert "start boxd" in said or "--person" in said
    code, found = diagnosis(den)
    assert code == 1 and found["boxd"][0] == "lack"
    assert found["person"][0] == found["UDP"][0] == "?"
    den.node.spawn(["sh", "-c", found["boxd"][2] + " wait"])
    wait_for(lambda: den.has_box("/"), 20, "boxd to answer")
    assert diagnosis(den)[1]["boxd"] == ("ok", f"boxland {den.box('--version').split()[1]}", None)


def test_the_doctor_names_every_lack_with_its_remedy(node):
    """On a machine without a GPU, Avahi, a seat and a network socket."""
    den = Household(node("den", person="ann"), boxd_conf="network no\n").start()
    code, found = diagnosis(den)
    assert code == 1
    assert set(found) == {"boxd", "person", "UDP", "nodes", "desktop", "Avahi", "render node",
                          "encoder", "seat", "sandbox"}
    assert found["UDP"][0] == "lack" and "boxd.conf" in found["UDP"][2]
    assert found["person"][0] == "lack" and "box init" in found["person"][2]
    assert found["encoder"] == ("ok", "x264", None)
    assert "avahi-daemon" in found["Avahi"][2]
    assert "seatd" in found["seat"][2]
    for what, (mark, _, remedy) in found.items():
        assert mark == "ok" or remedy, what
    den.box("init", "--person", "ann")
    assert diagnosis(den)[1]["person"] == ("ok", "ann", None)


def test_the_doctor_tries_the_encoder(node):
    """Without GStreamer's plug-ins it is not enough that boxcast is there."""
    den = Household(node("den", person="ann")).start()
    empty = {"GST_PLUGIN_SYSTEM_PATH": "/nowhere", "GST_REGISTRY": "/tmp/registry"}
    lines = den.run("doctor", env=empty).stdout.decode().splitlines()
    at = next(i for i, line in enumerate(lines) if " encoder " in line)
    assert lines[at].startswith("none") and "gstreamer1.0-plugins-ugly" in lines[at + 1]


def test_a_machine_without_a_network(new_lab):
    """It is told that it is alone, and nothing is proposed that would need another."""
    alone = Household(new_lab.node("alone", person="ann", link=None)).start()
    alone.box("init", "--person", "ann")
    _, found = diagnosis(alone)
    assert found["UDP"][0] == "none" and "no network" in found["UDP"][1]
    assert "box pair" not in alone.box()


@pytest.fixture(scope="module")
def den(lab):
    """A machine of ann's with a desktop and a window."""
    house = Household(lab.node("den", person="ann")).start("800x600")
    house.box("init", "--person", "ann")
    house.client("foot")
    house.window("foot")
    return house


@pytest.mark.parametrize("words, said", [
    ("frob", ["there is no verb frob", "box run"]),
    ("ls nowhere", ["no such box /nowhere", "box ls /"]),
    ("ls /win/../x", ["component", "(EARG)"]),
    ("ls /nowhere", ["no such box /nowhere", "box ls /"]),
    ("ls -c proc!*!*!x= /proc", ["want:", "(EARG)"]),
    ("ls /n/nobody", ["no node nobody", "box ls /n", "box pair"]),
    ("rm /win/99", ["no such box /win/99", "box ls /win"]),
    ("cp /win/1 -", ["does not serve getmem", "but kind"]),
    ("mk /foo", ["/ is a box of type node", "does not serve make"]),
    ("run -- nosuch", ["no program nosuch on den", "install it there"]),
    ("run -- ./nosuch", ["no program ./nosuch on den"]),
    ("run -C /nowhere -- true", ["no directory /nowhere on den"]),
    ("run -c proc!*!*!node=x -- true", ["no proc fits", "1 seen: den proc!"]),
    ("run -c proc!*!*!=x -- true", ["want:", "(EARG)"]),
    ("chinfo /win/1 acl bob", ['SUBJECT LETTERS, like "ann kg"']),
    ("chinfo /win/1 colour red", ["acl owner type title can"]),
    ("chinfo /win/1 acl bob\tzz", ["letters of ksgplmdi"]),
    ("init --person ann", ["this machine is ann's already"]),
    ("init", ["--person NAME"]),
    ("pair", ["--fingerprint KEY"]),
    ("pair --fingerprint a//b", ["64 hex digits", "`box` on the other machine shows it"]),
    ("cp nosuch /win/1/title", ["nosuch: No such file"]),
    ("cp a b", ["neither a nor b is a box", "begins with /"]),
    ("ln /display/0 /win/99/out", ["no such box /win/99/out", "box ls /win/99"]),
    ("ln /kbd/0 /display/0", ["does not serve link"]),
])
def test_refusals_say_what_was_wrong_and_what_is_next(den, words, said):
    sentence = den.refused(*(word.replace("\t", " ") for word in words.split(" ")))
    for part in said:
        assert part in sentence, sentence
    assert "Assertion" not in sentence


def test_a_link_that_cannot_come_up_says_so_at_once(den):
    done = den.run("ln", "/display/9", "/win/1/out")
    link = done.stdout.decode().strip()
    assert done.returncode == 1
    assert link == "/win/1/out/0"
    assert "no such box /display/9" in done.stderr.decode()
    assert f"box rm {link}" in done.stderr.decode()
    den.box("rm", link)


def test_a_title_is_text_whatever_a_program_says(den):
    """A window of another machine does not write into our terminal."""
    with Client(den) as client:
        client.window(app_id="odd", title="a\x1b[31mb\nc")
        den.window("odd")
        for said in (den.box(), den.box("ls", "/win")):
            assert "\x1b" not in said
            assert r"a\x1b[31mb\x0ac" in said
    wait_for(lambda: len(den.windows()) == 1, 10, "the end of the window")
