# SPDX-License-Identifier: MIT
"""What goes together: types and the programs between them, and two boxes that a spec joins."""

import pytest

from net.household import Household, pair


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's."""
    homes = [Household(lab.node(name)).start() for name in ("den", "ibiza")]
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
