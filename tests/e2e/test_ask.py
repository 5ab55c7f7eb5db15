# SPDX-License-Identifier: MIT
"""A capital letter in an access list: the owner is asked, wherever he is, and the request waits."""

import pytest

from net.household import Household, pair
from net.place import wait_for


@pytest.fixture(scope="module")
def homes(lab):
    """den is Ann's, with a desktop; pc is Bob's, her friend."""
    den = Household(lab.node("den"), boxd_conf="store desk /home/ann/desk\n")
    den.node.run(["mkdir", "desk"])
    den.start(desktop="640x480")
    pc = Household(lab.node("pc", person="bob")).start()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    pair(den, pc)
    den.box("mk", "/chan/x")
    den.box("chinfo", "/chan/x", "acl", "bob kGP")
    return den, pc


def question(den, timeout=20):
    """Waits for a question; its name and sentence."""
    def asked():
        lines = [line.split("  ", 1) for line in den.box("ask", "-l").splitlines()]
        return next((line for line in lines if not line[1].startswith("given")), None)

    return wait_for(asked, timeout, "a question")


def wants(pc, *words, **options):
    """Bob's command, which waits for Ann."""
    return pc.node.spawn(["box", *words], **options)


def test_once_and_no(homes):
    den, pc = homes
    put = wants(pc, "cp", "file:/etc/hostname", "/n/ann.den/chan/x")
    name, sentence = question(den)
    assert sentence == "bob, at pc, wants to write to /chan/x"
    assert not put.ends_within(0.1)
    assert f"you are asked (box ask answers)\n  {sentence}\n" in den.box()
    den.box("ask", name, "once")
    assert put.wait(timeout=20) == 0
    assert den.text("/chan/x") == pc.node.read_file("/etc/hostname").decode()
    put = wants(pc, "cp", "file:/etc/hostname", "/n/ann.den/chan/x")
    den.box("ask", question(den)[0], "no")
    assert put.wait(timeout=20) == 1
    assert "ann was asked for /chan/x and said no (EASK)" in put.output()
    assert "nobody waits" not in den.box("ask", "-l")


def test_a_single_file(homes):
    """Always is for that file: its list is changed, and nobody else's."""
    den, pc = homes
    for name in ("f", "g"):
        den.node.write_file(f"/home/ann/desk/{name}", "contents of a file")
        den.box("chinfo", f"/fs/desk/{name}", "acl", "bob kG")
    get = wants(pc, "cp", "/n/ann.den/fs/desk/f", "-")
    name, sentence = question(den)
    assert sentence == "bob, at pc, wants to read /fs/desk/f"
    den.box("ask", name, "always")
    assert get.wait(timeout=20) == 0 and "contents of a file" in get.output()
    wait_for(lambda: "bob kg" in den.box("info", "/fs/desk/f"), 20, "the list to say so")
    assert pc.text("/n/ann.den/fs/desk/f") == "contents of a file"
    get = wants(pc, "cp", "/n/ann.den/fs/desk/g", "-")
    den.box("ask", question(den)[0], "no")
    assert get.wait(timeout=20) == 1


def test_who_hangs_up_asks_no_more(homes):
    den, pc = homes
    get = wants(pc, "cp", "/n/ann.den/chan/x", "-")
    name, _ = question(den)
    assert "ENOENT" in pc.refused("ask", f"/n/ann.den{name}", "always")
    get.kill(group=True)
    get.wait()
    den.wait_no_box(name)
    assert "ENOENT" in den.refused("ask", name, "always")


def test_until_and_always(homes):
    den, pc = homes
    den.node.run(["sh", "-c", "echo hello | box cp - /chan/x; echo again | box cp - /chan/x; "
                  "echo last | box cp - /chan/x"])
    get = wants(pc, "cp", "/n/ann.den/chan/x", "-")
    name, _ = question(den)
    den.box("ask", name, "until")
    assert get.wait(timeout=20) == 0
    assert pc.box("cp", "/n/ann.den/chan/x", "-") == "again"
    assert den.box("ask", "-l") == f"{name}  given: bob, at pc, wants to read /chan/x"
    den.box("rm", name)
    get = wants(pc, "cp", "/n/ann.den/chan/x", "-")
    den.box("ask", question(den)[0], "always")
    assert get.wait(timeout=20) == 0
    assert "bob kgP" in den.box("info", "/chan/x")


def top(den):
    """The upper edge of den's desktop, where notices are."""
    return den.picture().crop((0, 0, 640, 80)).tobytes()


def test_the_desktop_asks_for_its_own_boxes(homes, artefacts):
    """Whoever holds the box decides; who is asked is the person at the node."""
    den, pc = homes
    den.box("chinfo", "/display/0", "acl", "bob kG")
    before = top(den)
    shot = wants(pc, "cp", "/n/ann.den/display/0", "shot.png")
    question(den)
    wait_for(lambda: top(den) != before, 20, "a notice of the question")
    noticed = top(den)
    den.picture().save(artefacts / "notice.png")
    typed = den.node.run(["sh", "-c", "echo what; echo a"])
    ask = den.node.run(["box", "ask"], input=typed.stdout, timeout=30)
    assert shot.wait(timeout=20) == 0
    told = ask.stdout.decode()
    assert "bob, at pc, wants to read /display/0" in told
    assert told.count("no? ") == 2  # what is no answer is asked again
    wait_for(lambda: top(den) != noticed, 20, "the end of the notice")
    assert pc.node.read_file("/home/bob/shot.png").startswith(b"\x89PNG")
    pc.box("cp", "/n/ann.den/display/0", "shot.png")
