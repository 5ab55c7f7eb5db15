# SPDX-License-Identifier: MIT
"""Storages that are replicas of one another: followed, used apart, in conflict, and killed meanwhile."""

import pytest

from evidence import ROOT
from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused, build

POOL = "store pool /home/ann/pool\n"
NOTES = "/home/ann/pool/notes"
LINKS = "/home/ann/.local/share/boxland/links"


def household(lab, name):
    home = Household(lab.node(name), boxd_conf=POOL)
    home.node.run(["mkdir", "-p", "pool"])
    return home.start()


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's; den has notes."""
    den, ibiza = household(lab, "den"), household(lab, "ibiza")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    den.node.run(["sh", "-c", "mkdir -p pool/notes/a/b pool/notes/empty; echo one > pool/notes/one;"
                              " echo deep > pool/notes/a/b/deep; head -c 300000 /dev/urandom > pool/notes/large"])
    return den, ibiza


@pytest.fixture(scope="module")
def loft(lab, ann):
    """A third one, which both know."""
    loft = household(lab, "loft")
    for other, mine in zip(ann, (True, False)):
        pair(other, loft, mine=mine)
    return loft


def look(home, folder="pool/notes"):
    """Names, and what is in them. A file may go between the two: then it is not alike yet."""
    return home.node.output(["sh", "-c", r"cd $1 && find . ! -name '.box-*' -printf '%P %y\n' | sort;"
                             r" find . -type f ! -name '.box-*' -print0 | sort -z | xargs -0 -r sha256sum || true",
                             "sh", folder])


def put(home, name, text):
    home.run("cp", "-", f"/fs/pool/notes/{name}", input=text.encode(), check=True)


def alike(one, other, what, timeout=60):
    wait_for(lambda: look(one) == look(other), timeout, what)


def field(home, name, wanted):
    """A field of a box's kind; "" if it has none."""
    for line in home.box("info", name).splitlines():
        word, _, value = line.partition(" ")
        if word == wanted:
            return value
    return ""


def wait_current(home, link, timeout=30):
    wait_for(lambda: field(home, link, "title") == "up to date" and
             field(home, link, "state") == "up", timeout, f"{link} on {home.name}")


def test_one_way(ann):
    den, ibiza = ann
    link = ibiza.box("ln", "/n/den/fs/pool/notes", "/fs/pool/notes")
    assert link == "/fs/pool/notes/.box-link-0"
    alike(den, ibiza, "the notes on ibiza")
    wait_current(ibiza, link)
    assert field(ibiza, link, "by") == "ann/ibiza"
    assert ".box-link-0" in ibiza.box("ls", "/fs/pool/notes")
    assert "link-0" not in den.box("ls", "/fs/pool/notes")
    for name in ("one", "a/b/deep"):
        vector = field(den, f"/fs/pool/notes/{name}", "vector")
        assert vector and vector == field(ibiza, f"/fs/pool/notes/{name}", "vector")
    # over Op, and by any other program
    put(den, "one", "two\n")
    den.box("rm", "/fs/pool/notes/a/b/deep")
    den.box("chinfo", "/fs/pool/notes/large", "type", "image!*!*!format=png")
    den.node.run(["sh", "-c", "cd pool/notes; rmdir empty a/b; mkdir new; echo x > new/x; echo more >> one"])
    alike(den, ibiza, "what has changed on den")
    wait_for(lambda: field(ibiza, "/fs/pool/notes/large", "type") == "image!*!*!format=png", 30,
             "the type of large on ibiza")
    # what ibiza does stays there
    put(ibiza, "mine", "mine\n")
    put(den, "new/y", "y\n")
    wait_for(lambda: ibiza.node.exists(f"{NOTES}/new/y"), 30, "new/y on ibiza")
    assert ibiza.node.exists(f"{NOTES}/mine") and not den.node.exists(f"{NOTES}/mine")
    refused = ibiza.refused("ln", "/n/den/fs/pool/notes", "/fs/pool/notes")
    assert "is a replica of that already" in refused
    refused = ibiza.refused("ln", "/fs/pool", "/fs/pool/notes")
    assert "in one another" in refused


def test_both_ways(ann):
    den, ibiza = ann
    den.box("ln", "/n/ibiza/fs/pool/notes", "/fs/pool/notes")
    alike(den, ibiza, "what was only on ibiza")
    assert den.text("/fs/pool/notes/mine") == "mine\n"
    ibiza.box("rm", "/fs/pool/notes/new/x")
    put(ibiza, "one", "three\n")
    wait_for(lambda: den.text("/fs/pool/notes/one") == "three\n", 30, "ibiza's one on den")
    alike(den, ibiza, "the deletion on den")
    assert not den.node.exists(f"{NOTES}/new/x")


def test_apart(lab, ann):
    """Each is used while the line is cut; what both have changed is there twice."""
    den, ibiza = ann
    put(den, "edited", "before\n")
    put(den, "deleted", "before\n")
    alike(den, ibiza, "both before the cut")
    lab.cut(den.node)
    put(den, "one", "by den\n")
    put(ibiza, "one", "by ibiza, which is longer\n")
    put(ibiza, "same", "the same\n")
    put(den, "same", "the same\n")
    ibiza.box("rm", "/fs/pool/notes/edited")
    put(den, "edited", "after\n")
    ibiza.box("rm", "/fs/pool/notes/deleted")
    wait_for(lambda: field(ibiza, "/fs/pool/notes/.box-link-0", "state").startswith("waiting"), 30,
             "ibiza's link to wait")
    lab.mend(den.node)
    conflict = f"{NOTES}/one.conflict-den"
    wait_for(lambda: den.node.exists(conflict) and ibiza.node.exists(conflict), 90, "the conflict")
    alike(den, ibiza, "both after the cut")
    listed = den.box("ls", "/fs/pool/notes")
    assert "one.conflict-den" in listed and listed.count("conflict") == 1
    assert den.text("/fs/pool/notes/one") == "by ibiza, which is longer\n"
    assert den.text("/fs/pool/notes/one.conflict-den") == "by den\n"
    for name in ("one", "one.conflict-den"):  # until each knows that the other has done the same
        wait_for(lambda: field(den, f"/fs/pool/notes/{name}", "vector") ==
                 field(ibiza, f"/fs/pool/notes/{name}", "vector") != "", 30, f"one vector of {name}")
    assert ibiza.text("/fs/pool/notes/edited") == "after\n"  # the change wins
    assert not den.node.exists(f"{NOTES}/deleted")
    # a person resolves it
    put(den, "one", "of both\n")
    den.box("rm", "/fs/pool/notes/one.conflict-den")
    wait_for(lambda: not ibiza.node.exists(conflict), 30, "the end of the conflict on ibiza")
    alike(den, ibiza, "the resolution")
    assert ibiza.text("/fs/pool/notes/one") == "of both\n"


def test_killed(ann):
    """boxd is killed in the middle of a fetch, and again when all is there."""
    den, ibiza = ann
    den.node.run(["sh", "-c", "mkdir pool/notes/many; cd pool/notes/many; "
                              "for i in $(seq 100); do head -c 100000 /dev/urandom > $i; done"])
    wait_for(lambda: ibiza.node.exists(f"{NOTES}/many/1"), 30, "the first of many on ibiza")
    for _ in range(2):
        ibiza.boxd.kill()
        ibiza.boxd.wait()
        den.node.run(["sh", "-c", "echo $$ > pool/notes/many/7"])
        ibiza.start_boxd()
        assert ibiza.has_box("/fs/pool/notes/.box-link-0")
        alike(den, ibiza, "many on ibiza", timeout=60)
    assert "conflict" not in look(den)


def test_third(ann, loft):
    """What den changes reaches loft, which only knows ibiza's."""
    den, ibiza = ann
    link = loft.box("ln", "/n/ibiza/fs/pool/notes", "/fs/pool/notes")
    alike(den, loft, "all on loft", timeout=60)
    put(den, "one", "from afar\n")
    wait_for(lambda: loft.text("/fs/pool/notes/one") == "from afar\n", 30, "den's one on loft")
    # the end of a link is no deletion
    loft.box("rm", link)
    put(den, "two", "2\n")
    wait_for(lambda: ibiza.node.exists(f"{NOTES}/two"), 30, "two on ibiza")
    assert loft.text("/fs/pool/notes/one") == "from afar\n"
    assert not loft.has_box(link)


def test_friend(lab, ann):
    den, _ = ann
    pc = Household(lab.node("pc", person="bob"), boxd_conf="store pool /home/bob/pool\n")
    pc.node.run(["mkdir", "pool"])
    pc.start()
    pc.box("init", "--person", "bob")
    pair(den, pc)
    den.box("chinfo", "/fs/pool", "acl", "bob ks")
    told = pc.refused("ln", "/n/ann.den/fs/pool/notes", "/fs/pool/notes")
    assert "bob may not getmem" in told, told
    assert not pc.node.exists("/home/bob/pool/notes")
    # what is a replica of what is not for those who may not look there
    assert "notes/.box-link-0" in pc.box("ls", "-d", "2", "/n/ann.den/fs/pool")
    den.box("chinfo", "/fs/pool/notes", "acl", "bob k")
    listed = pc.box("ls", "-d", "2", "/n/ann.den/fs/pool")
    assert "notes" in listed and ".box-link-0" not in listed
    assert "no such box" in pc.refused("info", "/n/ann.den/fs/pool/notes/.box-link-0")
    den.box("chinfo", "/fs/pool/notes", "acl", "bob -")
    den.box("chinfo", "/fs/pool", "acl", "bob ksg")
    den.box("chinfo", "/fs/pool/notes/two", "acl", "bob k")
    pc.box("rm", "/fs/pool/notes/.box-link-0")
    pc.box("ln", "/n/ann.den/fs/pool/notes", "/fs/pool/notes")
    wait_for(lambda: pc.node.exists("/home/bob/pool/notes/one"), 30, "one on pc")
    wait_current(pc, "/fs/pool/notes/.box-link-0")
    assert not pc.node.exists("/home/bob/pool/notes/two")  # which is not for bob
    # until it is
    den.box("chinfo", "/fs/pool/notes/two", "acl", "bob kg")
    wait_for(lambda: pc.node.exists("/home/bob/pool/notes/two"), 30, "two on pc")


def heard_until(parts, wanted):
    text = b""
    while wanted not in text:
        text += next(parts)
    return text


def test_rights_elsewhere(ann):
    """Who follows is told all anew when he may get more; not for a list that says nothing of what he follows."""
    den, _ = ann
    with den.op.call("getmem", "/fs/pool/notes", want="history", live=True) as feed:
        parts = feed.parts()
        assert b"name /one\n" in heard_until(parts, b"\n\nversion ")
        den.box("chinfo", "/proc", "acl", "bob ks")
        put(den, "late", "late")
        assert b"name /one\n" not in heard_until(parts, b"name /late\n")
        den.box("chinfo", "/fs/pool", "acl", "cyd ksg")
        heard_until(parts, b"name /one\n")
    den.box("chinfo", "/fs/pool", "acl", "cyd -")
    den.box("chinfo", "/proc", "acl", "bob -")


def test_deep(ann):
    """Names that are as long as names may be on den are too long further down on ibiza."""
    den, ibiza = ann
    deep = "/".join(["d"] * 60)
    den.node.run(["sh", "-c", f"mkdir -p pool/deep/{deep}; echo x > pool/deep/{deep}/x; echo y > pool/deep/y"])
    ibiza.node.run(["mkdir", "-p", f"pool/more/{deep}"])
    far = "ab" * 32 + "/d" * 64  # a name on its node, and two components longer here
    with pytest.raises(Refused, match="too long to be asked for"):
        ibiza.op.ask("link", "/fs/pool/more", device=far)
    assert "too deep" in ibiza.refused("ln", "/n/den/fs/pool/deep", f"/fs/pool/more/{deep}/d")
    ibiza.box("ln", "/n/den/fs/pool/deep", "/fs/pool/more/deep")
    wait_for(lambda: ibiza.node.exists("/home/ann/pool/more/deep/y"), 30, "y on ibiza")
    wait_for(lambda: field(ibiza, "/fs/pool/more/deep/.box-link-1", "title") == "up to date", 30, "the rest")
    assert "E2BIG left out is what cannot be a box here" in field(ibiza, "/fs/pool/more/deep/.box-link-1", "state")
    assert not ibiza.node.exists(f"/home/ann/pool/more/deep/{deep}/x")


def write(home, name, text="x"):
    home.node.run(["sh", "-c", 'mkdir -p "$(dirname "$1")"; echo "$2" > "$1"', "sh", f"pool/{name}", text])


def wait_file(home, name):
    wait_for(lambda: home.node.exists(f"/home/ann/pool/{name}"), 60, f"{name} on {home.name}")


def files(home, folder):
    found = home.node.output(["sh", "-c", f"cd pool/{folder} && find . -type f ! -name '.box-*' | sort"])
    return [line[2:] for line in found.splitlines()]


def test_of_each_other(ann):
    """Each keeps a copy of all that the other has, in what the other keeps a copy of."""
    den, ibiza = ann
    write(den, "d/mine")
    write(ibiza, "i/mine")
    links = [(den, den.box("ln", "/n/ibiza/fs/pool/i", "/fs/pool/d/of-ibiza")),
             (ibiza, ibiza.box("ln", "/n/den/fs/pool/d", "/fs/pool/i/of-den"))]
    for turn in range(3):  # each time round would be one level more
        write(den, f"d/{turn}")
        wait_file(ibiza, f"i/of-den/{turn}")
        write(ibiza, f"i/{turn}")
        wait_file(den, f"d/of-ibiza/{turn}")
    own = ["0", "1", "2", "mine"]
    assert files(den, "d") == own + [f"of-ibiza/{name}" for name in own]
    assert files(ibiza, "i") == own + [f"of-den/{name}" for name in own]
    for home, link in links:
        wait_for(lambda: field(home, link, "title").startswith("up to date, but for what leads back: /of-"), 30,
                 f"the title of {link}")
        assert field(home, link, "state") == "up"
    # a copy of the copy, elsewhere, is whole
    den.box("ln", "/n/ibiza/fs/pool/i/of-den", "/fs/pool/back")
    wait_file(den, "back/mine")
    # below what it is of, there is none at all
    loop = den.run("ln", "/n/ibiza/fs/pool/i/of-den", "/fs/pool/d/loop").stdout.decode().strip()
    wait_for(lambda: field(den, loop, "state").startswith("refused EARG the device is a "
             "replica of /fs/pool/d here"), 30, "the refusal of the loop")


def test_round(ann, loft):
    """Three, each of which keeps a copy of the next; one that was away remembers what is of whom."""
    homes = [*ann, loft]
    names = [home.name for home in homes]
    for home in homes:
        write(home, f"r/by-{home.name}")
    for home, of in zip(homes, names[1:] + names[:1]):
        home.box("ln", f"/n/{of}/fs/pool/r", f"/fs/pool/r/of-{of}")
    den, ibiza, _ = homes
    for turn in range(3):
        if turn == 2:
            den.boxd.kill()
            den.boxd.wait()
            den.start_boxd()
        for home in homes:
            write(home, f"r/{turn}")
        for home, of, next_of in zip(homes, names[1:] + names[:1], names[2:] + names[:2]):
            wait_file(home, f"r/of-{of}/{turn}")
            wait_file(home, f"r/of-{of}/of-{next_of}/{turn}")
    for home, of, next_of in zip(homes, names[1:] + names[:1], names[2:] + names[:2]):
        own = ["0", "1", "2"]
        assert files(home, "r") == sorted(
            own + [f"by-{home.name}", f"of-{of}/by-{of}", f"of-{of}/of-{next_of}/by-{next_of}"] +
            [f"of-{of}/{name}" for name in own] + [f"of-{of}/of-{next_of}/{name}" for name in own])


VECTOR = f"{'ab' * 32}:1700000000000000"


def entry(name, *more):
    return "\n".join([f"name {name}", "type file", "version 1", f"vector {VECTOR}", *more, "", ""])


def test_false_history(ann):
    """What is no entry in a device's history, or no box, is left out; the rest goes on."""
    den, _ = ann
    told = (entry("/one") + "name\n\n" + "junk " + "x" * 40000 + "\n\n" + entry("/../up") + entry("/.box-x") +
            entry("/two").replace(VECTOR, "nonsense") + entry("/three", "name /again") + entry("/four") +
            "version 1\n\n")
    shop = den.node.spawn(["python3", "-B", f"{ROOT}/tests/peer/serve.py", "tales", "/tales", f"t={told}",
                           "t/one=1", "t/two=2", "t/three=3", "t/four=4"])
    shop.wait_output("/mount/tales is open", timeout=30)
    link = den.box("ln", "/tales/t", "/fs/pool/tales")
    wait_file(den, "tales/one")
    wait_file(den, "tales/four")
    wait_for(lambda: field(den, link, "title") == "up to date", 30, "the end of the tale")
    assert "left out is what cannot be a box here, 6 of it" in field(den, link, "state")
    assert files(den, "tales") == ["four", "one"]
    shop.kill()
    den.box("rm", link)


def test_origins_without_end(ann):
    """A device that says over and over what it is a replica of is not followed: it would hold boxd."""
    den, _ = ann
    told = "".join(f"name /a\ndevice {'ab' * 32}/{i}\n\nversion 1\n\n" for i in range(200))
    shop = den.node.spawn(["python3", "-B", f"{ROOT}/tests/peer/serve.py", "tales", "/tales", f"t={told}"])
    shop.wait_output("/mount/tales is open", timeout=30)
    link = den.run("ln", "/tales/t", "/fs/pool/often").stdout.decode().strip()  # refused already, or not yet
    wait_for(lambda: "EQUOTA the device says too often" in field(den, link, "state"), 30, "the refusal")
    shop.kill()
    den.box("rm", link)


def grants_for(name, device):
    """So many that a request to link has the longest head there may be, as nobody checks them yet."""
    grants = ["g" * 1000] * 14
    grants.append("g" * (16384 - len(build("request", "link", name=name, device=device, grant=grants + [""]).encode())))
    grants[-1] = grants[-1][1:]  # a blank before it
    return grants


def test_long_grants(ann):
    """A link whose grants are too long to be kept is refused; if they become so, the other links stay kept."""
    den, _ = ann
    device = "ab" * 32 + "/nowhere"
    with pytest.raises(Refused, match="could not be kept"):
        den.op.ask("link", "/fs/pool/long", device=device, grant=grants_for("/fs/pool/long", device))
    with pytest.raises(Refused, match="could not be kept"):
        den.op.ask("link", "/fs/pool", device=device, grant=grants_for("/fs/pool", device))
    link = den.op.ask("link", "/fs/pool/long", device=device).text("name")
    den.op.ask("link", link, device=device, grant=grants_for(link, device))
    den.boxd.wait_output("nowhere is not kept: its names and grants are too long", timeout=30)
    other = den.op.ask("link", "/fs/pool", device=device).text("name")

    def kept():
        text = den.node.output(["cat", LINKS])
        return "nowhere" in text and "/fs/pool/long" not in text
    wait_for(kept, 30, "the other link to be kept")
    den.box("rm", link)
    den.box("rm", other)


LONG = """
folder = "/".join(["x" * 250] * 15)
for i in range(int(__import__("sys").argv[1])):
    print(f"name /{folder}/{i}\\ntype file\\nversion 1\\nvector {'ab' * 32}:1700000000000000\\n")
print("version 1\\n")
"""


def test_history_too_large_to_remember(ann):
    """Few boxes with long names are much to remember, too. That is refused, and nothing of it is kept."""
    den, _ = ann
    den.node.run(["sh", "-c", 'python3 -c "$1" 17500 > long', "sh", LONG])
    shop = den.node.spawn(["python3", "-B", f"{ROOT}/tests/peer/serve.py", "tales", "/tales", "t=@long"])
    shop.wait_output("/mount/tales is open", timeout=30)
    link = den.run("ln", "/tales/t", "/fs/pool/long").stdout.decode().strip()
    wait_for(lambda: "names have more than 128 MiB" in field(den, link, "state"), 60, "the refusal")
    assert field(den, link, "title") == ""
    den.box("rm", link)
    shop.kill()
    den.node.run(["rm", "long"])
