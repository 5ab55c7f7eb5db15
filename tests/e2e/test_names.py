# SPDX-License-Identifier: MIT
"""Names mean what they are bound to: in order, by constraint, on whichever node has the box."""

import pytest

from net.household import Household, pair
from net.place import wait_for


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's, with a folder of the same name on each."""
    homes = []
    for name in ("den", "ibiza"):
        home = Household(lab.node(name), boxd_conf="export files /home/ann/files\n")
        home.node.run(["mkdir", "files"])
        home.node.write_file("/home/ann/files/whose", name)
        homes.append(home.start())
    den, ibiza = homes
    den.node.write_file("/home/ann/files/only-den", "here")
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza


@pytest.fixture
def ibiza(ann):
    """Ibiza, whose name space is as it was afterwards."""
    yield ann[1]
    for name in ("/f", "/cpu", "/g"):
        ann[1].run("forget", name)
    ann[1].box("change", "/")


def test_first_that_is_there_is_meant(ibiza):
    ibiza.box("import", "/f", "here", "/fs/files")
    ibiza.box("import", "/f", "den", "/fs/files")
    assert ibiza.text("/f/whose") == "ibiza"
    assert ibiza.text("/f/only-den") == "here"
    ibiza.box("import", "/f", "den", "/fs/files", "above")
    assert ibiza.text("/f/whose") == "den"
    ibiza.box("import", "/f", "here", "/fs/files", "only")
    assert ibiza.text("/f/whose") == "ibiza"
    said = ibiza.refused("cp", "/f/only-den", "-")
    assert "/fs/files/only-den" in said
    ibiza.box("forget", "/f")
    assert "/f/whose" in ibiza.refused("cp", "/f/whose", "-")
    assert "box ns" in ibiza.refused("forget", "/f")


def test_constraint_chooses(ibiza):
    ibiza.box("import", "/cpu", "any", "/proc", "proc!*!*!node=den")
    assert "node=den" in ibiza.box("info", "/cpu")
    ibiza.box("import", "/cpu", "any", "/proc", "proc!*!*!node=mars", "only")
    said = ibiza.refused("info", "/cpu")
    assert "EMATCH" in said and "den proc" in said and "ibiza proc" in said


def test_constraint_is_of_what_is_bound(ibiza):
    """And not of what is inside it: a process is not a processor."""
    ibiza.box("import", "/cpu", "any", "/proc", "proc!*!*!node=den")
    ibiza.box("mk", "/cpu/p")
    assert "state made" in ibiza.box("info", "/cpu/p") and ibiza.has_box("/n/den/proc/p")
    ibiza.box("import", "/g", "here", "/proc", "printer")
    assert "ibiza proc!" in ibiza.refused("info", "/g/p")
    ibiza.box("rm", "/cpu/p")
    assert not ibiza.has_box("/n/den/proc/p")


def test_bound_in_turn(ibiza):
    ibiza.box("import", "/f", "here", "/b/fs/files")
    ibiza.box("import", "/g", "here", "/f")
    assert ibiza.text("/g/only-den") == "here"


def test_copy_of_a_name_space(ibiza):
    script = ("box import /f den /fs/files && box cp /f/whose - && "
              "box ns -p | grep -c '^bind /f ' && echo $BOX_NS")
    bound, read, space = ibiza.box("ns", "-n", "sh", "-c", script).splitlines()
    assert bound.startswith(f"/ns/{space}/bind/") and read == "den1"
    assert not ibiza.has_box("/f/whose"), "the copy's binding is the copy's"
    assert not ibiza.has_box(f"/ns/{space}"), "the copy stayed"
    assert "BOX_NS" in ibiza.refused("ls", "/", env={"BOX_NS": "gone"})


def test_current_box(ibiza):
    ibiza.box("change", "/n/den/fs")
    assert ibiza.box("dot") == "/n/den/fs"
    assert "files" in ibiza.box("ls")
    assert "only-den" in ibiza.box("ls", "files")
    assert ibiza.box("info", "./files/whose") == ibiza.box("info", "/n/den/fs/files/whose")
    assert "/nowhere" in ibiza.refused("change", "/nowhere")
    assert ibiza.box("dot") == "/n/den/fs"


def test_shown_with_what_is_meant_now(ann, ibiza):
    den, _ = ann
    ibiza.box("import", "/f", "any", "/fs/files")
    shown = ibiza.box("ns")
    rows = shown[shown.index("/f\n"):].splitlines()
    assert rows[1].split()[:2] == ["*", "/fs/files"] and "/n/den/fs/files" in rows[2]


def rows_of(shown, prefix):
    """What box ns says of a prefix: (starred, name, what it is)."""
    block = shown.split(f"\n{prefix}\n")[1] if not shown.startswith(prefix) else shown.split("\n", 1)[1]
    rows = []
    for line in block.splitlines():
        if not line.startswith("  "):
            break
        name, _, said = line[4:].partition(" ")
        rows.append((line[2] == "*", name, said.strip()))
    return rows


def test_shown_with_why(ibiza):
    """The reasons stand beside what is not meant; all of a prefix stand together."""
    ibiza.box("import", "/f", "den", "/fs/files/only-den")
    ibiza.box("import", "/g", "here", "/f")
    ibiza.box("import", "/cpu", "any", "/proc", "proc!arm64")
    ibiza.box("import", "/f", "here", "/fs/files/nowhere", "above")
    shown = ibiza.box("ns")
    assert rows_of(shown, "/f") == [(False, "/fs/files/nowhere", "not there"),
                                    (True, "/n/den/fs/files/only-den", "file")]
    assert rows_of(shown, "/g") == [(True, "/f", "file, by what /f means")]
    assert all(not star and said.endswith("not proc!arm64") for star, _, said in rows_of(shown, "/cpu"))
    assert "every node" in ibiza.refused("import", "/g", "any", "/n/den/proc")


def test_default_is_read_from_a_file(lab, ann):
    attic = Household(lab.node("attic"))
    attic.node.write_file("/home/ann/.config/boxland/ns",
                          "# mine\nbind /b / any\nbind /f /null\nbind /cpu /proc any want proc!*!*!node=attic\n")
    attic.start()
    assert attic.box("ns", "-p") == "bind /b / any\nbind /f /null\nbind /cpu /proc any want proc!*!*!node=attic"
    assert attic.box("run", "-c", "proc!*!*!node=attic", "--", "uname", "-n") == "attic"
    attic.boxd.stop()
    attic.node.write_file("/home/ann/.config/boxland/ns", "bind /f\n")
    failed = attic.node.spawn(["boxd"])
    wait_for(lambda: failed.poll() is not None, what="boxd to refuse its name space")
    assert "ns:1:" in failed.output() and "bind PREFIX TARGET" in failed.output()
