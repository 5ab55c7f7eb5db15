# SPDX-License-Identifier: MIT
"""What goes together: types and the programs between them, and two boxes that a spec joins."""

import pytest

from net.household import Household, pair
from net.place import wait_for

KINDS = ("text", "upper", "loud", "turned")


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's."""
    homes = [Household(lab.node(name), boxd_conf="export files /home/ann/files\n")
             for name in ("den", "ibiza")]
    for home in homes:
        home.node.run(["mkdir", "files"])
        home.start()
    den, ibiza = homes
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza


def test_spec_chooses_the_processor_of_the_program(ann):
    """Ibiza's own processor comes first, but the program is for den's."""
    den, ibiza = ann
    ibiza.box("mk", "-t", "bin!*!*!node=den", "/chan/lb")
    ibiza.box("mk", "--like", "/chan/lb", "--spec", "%node", "/b/proc/lb")
    assert den.has_box("/proc/lb") and not ibiza.has_box("/proc/lb")
    ibiza.box("rm", "/n/den/proc/lb")
    ibiza.box("mk", "--like", "/chan/lb", "--spec", "%", "/b/proc/lb")
    assert ibiza.has_box("/proc/lb"), "any program goes with the first processor"
    ibiza.box("rm", "/proc/lb", "/chan/lb")


@pytest.mark.two_nodes
def test_spec_chooses_both(ann):
    """The first two that agree, neither of them the first of its name."""
    den, ibiza = ann
    ibiza.box("mk", "-t", "text!*!*!lang=de", "/chan/from")
    den.box("mk", "-t", "text!*!*!lang=es", "/chan/from")
    ibiza.box("mk", "-t", "text!*!*!lang=fr", "/chan/to")
    den.box("mk", "-t", "text!*!*!lang=es", "/chan/to")
    for home in (den, ibiza):
        home.node.run(["sh", "-c", f"echo {home.name} | box cp - /chan/from"])
    ibiza.box("cp", "--spec", "%lang", "/any/chan/from", "/any/chan/to")
    assert den.text("/chan/to") == "den\n"
    den.box("rm", "/chan/to")
    said = ibiza.refused("cp", "--spec", "%lang", "/any/chan/from", "/any/chan/to")
    for part in ("EMATCH", "%lang", "lang=de", "lang=es", "lang=fr"):
        assert part in said, said
    for home in (den, ibiza):
        home.box("rm", "/chan/from")
    ibiza.box("rm", "/chan/to")


@pytest.mark.parametrize("words, said", [
    (["cp", "--spec", "%Gpu", "/null", "/null"], "%Gpu"),
    (["cp", "--spec", "amd64", "/null", "/null"], '"amd64"'),
    (["ln", "--spec", "%!%!%", "/null", "/null"], "%!%!%"),
    (["mk", "--spec", "%", "/b/proc/x"], "like"),
    (["mk", "--like", "/null", "/b/proc/x"], "spec"),
    (["mk", "--like", "/chan/nowhere", "--spec", "%", "/b/proc/x"], "/chan/nowhere"),
    (["cp", "--spec", "%", "/null", "file"], "--spec"),
    (["cp", "-t", "two words", "/null", "/null"], "blanks"),
])
def test_what_is_no_spec_is_named(ann, words, said):
    assert said in ann[1].refused(*words)


@pytest.fixture
def ibiza(ann):
    """Ibiza, with a channel for each type, and without casts; all of that is gone afterwards."""
    home = ann[1]
    for kind in KINDS:
        home.box("mk", "-t", kind, f"/chan/{kind}")
    yield home
    for kind in KINDS:
        home.box("rm", f"/chan/{kind}")
    for line in home.box("ns", "-p").splitlines():
        if line.startswith("cast "):
            home.box("uncast", *line.split()[1:3])
    assert "cast-" not in home.box("ls", "/proc"), "a converter stayed"


def put(home, name, text):
    home.node.run(["sh", "-c", f"printf %s '{text}' | box cp - {name}"])


def test_cast_makes_the_one_of_the_other(ibiza):
    put(ibiza, "/chan/text", "shout")
    said = ibiza.refused("cp", "/chan/text", "/chan/upper")
    assert "ETYPE" in said and "box cast text upper" in said, said
    ibiza.box("cast", "text", "upper", "tr", "a-z", "A-Z")
    ibiza.box("cp", "/chan/text", "/chan/upper")
    assert ibiza.text("/chan/upper") == "SHOUT", "what was refused was not lost"
    assert "tr a-z A-Z" in ibiza.box("ns")
    ibiza.box("uncast", "text", "upper")
    put(ibiza, "/chan/text", "shout")
    assert "ETYPE" in ibiza.refused("cp", "/chan/text", "/chan/upper")
    assert "box ns" in ibiza.refused("uncast", "text", "upper")
    assert "FROM:TO" in ibiza.refused("cast", "te:xt", "upper")


@pytest.mark.two_nodes
def test_chain_of_casts_and_one_that_is_none(ann, ibiza):
    """The shortest way; what is taken as it is runs nothing; a program that only den has, runs there."""
    den = ann[0]
    den.node.write_file("/home/ann/only-den", "#!/bin/sh\nexec rev\n")
    den.node.run(["chmod", "+x", "only-den"])
    ibiza.box("cast", "text", "upper", "tr", "a-z", "A-Z")
    ibiza.box("cast", "upper", "loud")
    ibiza.box("cast", "loud", "turned", "/home/ann/only-den")
    put(ibiza, "/chan/text", "abc")
    ibiza.box("cp", "/chan/text", "/chan/turned")
    assert ibiza.text("/chan/turned") == "CBA"
    put(ibiza, "/chan/upper", "as it is")
    ibiza.box("cp", "/chan/upper", "/chan/loud")
    assert ibiza.text("/chan/loud") == "as it is"
    assert "ETYPE" in ibiza.refused("cp", "/chan/turned", "/chan/text")


@pytest.mark.two_nodes
def test_converter_is_carried(ann, ibiza):
    """Only ibiza has the program, and only den what it needs: its interpreter."""
    den = ann[0]
    ibiza.box("cast", "text", "upper", "/home/ann/turn", "it")
    words = ["cp", "/chan/text", "/chan/upper"]
    put(ibiza, "/chan/text", "lost")
    assert "no program /home/ann/turn on ibiza" in ibiza.refused(*words)
    ibiza.node.write_file("/home/ann/turn", '#!/home/ann/shell\nuname -n; echo "$@"; exec rev\n', 0o755)
    put(ibiza, "/chan/text", "lost")
    said = ibiza.refused(*words)
    assert "needs /home/ann/shell, which ibiza has not" in said, said
    den.node.run(["cp", "/bin/sh", "shell"])
    put(ibiza, "/chan/text", "abc")
    ibiza.box(*words)
    assert ibiza.text("/chan/upper") == "den\nit\ncba"
    # One that is longer than what is under way at once.
    ibiza.node.run(["sh", "-c", "head -c 3000000 /dev/zero >> turn"])
    put(ibiza, "/chan/text", "abc")
    ibiza.box(*words)
    assert ibiza.text("/chan/upper") == "den\nit\ncba"
    ibiza.node.run(["truncate", "-s", "300M", "turn"])
    put(ibiza, "/chan/text", "lost")
    said = ibiza.refused(*words)
    assert "a carried program is at most" in said and "E2BIG" in said, said


def test_processor_of_a_converter_is_wanted(ibiza):
    for where in ("den", "ibiza"):
        ibiza.box("cast", "-c", f"proc!*!*!node={where}", "text", "upper", "uname", "-n")
        put(ibiza, "/chan/text", "which?")
        ibiza.box("cp", "/chan/text", "/chan/upper")
        assert ibiza.text("/chan/upper") == f"{where}\n"
        ibiza.box("uncast", "text", "upper")
    ibiza.box("cast", "-c", "proc!*!*!node=mars", "text", "upper", "uname", "-n")
    put(ibiza, "/chan/text", "which?")
    assert "node=mars" in ibiza.refused("cp", "/chan/text", "/chan/upper")
    assert "node=mars" in ibiza.box("ns")


def test_large_through_programs(ann, ibiza):
    """More than any queue holds; a file is of the type that the asker says, a target of none takes all."""
    size = 30_000_000
    ibiza.node.run(["sh", "-c", f"head -c {size} /dev/zero > files/zeros"])
    ibiza.box("cast", "text", "upper", "tr", "\\0", "x")
    ibiza.box("cast", "upper", "loud", "wc", "-c")
    ibiza.box("cp", "-t", "text", "/fs/files/zeros", "/chan/loud", timeout=60)
    assert ibiza.text("/chan/loud").strip() == str(size)
    ibiza.box("cp", "/fs/files/zeros", "/n/den/null")


@pytest.mark.two_nodes
def test_converter_that_fails_leaves_the_target(ibiza):
    ibiza.node.run(["sh", "-c", "echo kept > files/kept"])
    ibiza.box("cast", "text", "upper", "sh", "-c", "head -c 2; echo first >&2; echo no ink >&2; exit 3")
    put(ibiza, "/chan/text", "shout")
    said = ibiza.refused("cp", "/chan/text", "/chan/upper")
    for part in ("sh", "text", "upper", "exit 3", "no ink"):
        assert part in said, said
    assert "first" not in said
    put(ibiza, "/chan/upper", "next")
    assert ibiza.text("/chan/upper") == "next", "half a message came"
    ibiza.box("uncast", "text", "upper")
    ibiza.box("cast", "text", "upper", "no-such-program")
    put(ibiza, "/chan/text", "shout")
    said = ibiza.refused("cp", "/chan/text", "/chan/upper")
    assert "no-such-program" in said and "does not start" in said, said


def test_program_that_reads_no_more_is_no_failure(ibiza):
    ibiza.node.run(["sh", "-c", "head -c 3000000 /dev/zero > files/zeros"])
    ibiza.box("cast", "text", "upper", "cat")
    ibiza.box("cast", "upper", "loud", "head", "-c", "5")
    ibiza.box("cp", "-t", "text", "/fs/files/zeros", "/chan/loud", timeout=60)
    assert ibiza.text("/chan/loud") == "\0" * 5


def test_programs_end_with_who_asked(ibiza):
    ibiza.box("cast", "text", "upper", "sleep", "1000")
    put(ibiza, "/chan/text", "shout")
    asking = ibiza.node.spawn(["box", "cp", "/chan/text", "/chan/upper"])
    wait_for(lambda: "cast-" in ibiza.box("ls", "/proc"), what="the converter to run")
    asking.kill()
    asking.wait()
    wait_for(lambda: "cast-" not in ibiza.box("ls", "/proc"), what="the converter to end")


@pytest.fixture(scope="module")
def storages(lab, ann):
    """Two more machines that store; the first in order is behind a slow line."""
    den, ibiza = ann
    homes = [Household(lab.node(name, link=link), boxd_conf=f"store {name} /home/ann/{name}\n")
             for name, link in (("far", "LAN rate=16"), ("loft", "LAN"))]
    for home in homes:
        home.node.run(["mkdir", home.name])
        home.start()
        pair(den, home, mine=True)
        pair(ibiza, home)
        ibiza.box("import", "/w", home.name, f"/fs/{home.name}")
    yield homes
    ibiza.box("forget", "/w")


def came(home):
    """How much has come of what is being written, which has no name yet."""
    script = (f"for f in /proc/{home.boxd.pid}/fd/*; do case $(readlink $f) in "
              f"/home/ann/{home.name}/*) stat -L -c %s $f;; esac; done")
    return sum(int(size) for size in home.node.output(["sh", "-c", script]).split())


@pytest.mark.parametrize("source", ["files/large", "/fs/files/large"])
def test_next_storage_when_the_first_goes_away(ann, storages, source):
    far, loft = storages
    ibiza = ann[1]
    ibiza.node.run(["sh", "-c", "head -c 12000000 /dev/urandom > files/large"])
    copying = ibiza.node.spawn(["box", "cp", source, "/w/large"])
    wait_for(lambda: came(far) > 500_000, 30, what="some of it to come")
    far.boxd.kill()
    far.boxd.wait()
    assert copying.wait(90) == 0, copying.output()
    said = copying.output()
    assert "far went away after" in said and "going on with loft" in said, said
    assert loft.node.read_file("/home/ann/loft/large") == ibiza.node.read_file("/home/ann/files/large")
    assert not far.node.exists("/home/ann/far/large")
    ibiza.box("rm", "/n/loft/fs/loft/large")
    far.start_boxd()


def breaks_off(far, ibiza, command):
    """A copy that far dies under."""
    copying = ibiza.node.spawn(["sh", "-c", command])
    wait_for(lambda: came(far) > 500_000, 30, what="some of it to come")
    far.boxd.kill()
    far.boxd.wait()
    return copying


def test_no_other_storage(ann, storages):
    """Who means far waits for far; and what cannot be read again is not begun again."""
    far, _ = storages
    ibiza = ann[1]
    ibiza.node.run(["sh", "-c", "head -c 12000000 /dev/urandom > files/large"])
    copying = breaks_off(far, ibiza, "exec box cp files/large /n/far/fs/far/large")
    copying.wait_output("waiting for it to come back", timeout=60)
    copying.kill()
    assert " far " in copying.output() and "going on" not in copying.output()
    far.start_boxd()
    copying = breaks_off(far, ibiza, "cat files/large | box cp - /w/large")
    assert copying.wait(60) != 0
    said = copying.output()
    assert " far " in said and "going on" not in said, said
    far.start_boxd()
