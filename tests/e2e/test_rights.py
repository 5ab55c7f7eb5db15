# SPDX-License-Identifier: MIT
"""Who may do what: each verb of op.xml, at each box a node has, asked by each kind of person.

What each letter is good for stands in rights.txt. A person without a line does not see that the box is
there; with k alone every other verb is refused; with the verb's letter it is done, or not for want of
rights. So each refusal has its granted twin.
"""

import pathlib

import pytest

from net.household import Household, pair
from peer.op import WORDS, Lost, Refused

LETTERS = {"kind": "k", "selectors": "s", "getmem": "g", "putmem": "p", "copy": "g", "link": "l",
           "make": "m", "delete": "d", "chinfo": "i"}
VERBS = sorted(LETTERS, key=lambda verb: verb in ("chinfo", "delete"))  # last: what changes the box
NO_RIGHT = ("EPERM", "ENOENT", "EASK")


def read_table():
    """{box: letters that are good, the owner's alone, not tried, everybody's}."""
    lines = (pathlib.Path(__file__).parent / "rights.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return {box: tuple(letters) for box, *letters in rows}


TABLE = read_table()


@pytest.fixture(scope="module")
def homes(lab):
    """den is Ann's, and so is ibiza; Bob's pc knows den; Carl's far knows pc and not den."""
    den = Household(lab.node("den"), boxd_conf="export files /home/ann/files\n"
                                               "store desk /home/ann/desk\n")
    den.node.run(["mkdir", "files", "desk"])
    den.node.write_file("/home/ann/files/f", "bytes")
    den.node.write_file("/home/ann/desk/f", "bytes")
    den.start(desktop="640x480")
    ibiza = Household(lab.node("ibiza")).start()
    pc = Household(lab.node("pc", person="bob")).start()
    far = Household(lab.node("far", person="carl")).start()
    for home in (den, pc, far):
        home.box("init", "--person", home.person)
    pair(den, ibiza, mine=True)
    pair(den, pc)
    pair(pc, far)
    return den, ibiza, pc, far


def base_of(box):
    """The box whose access list holds for it: what is in an exported folder has that folder's."""
    return "/".join(box.split("/")[:3])


def prepare(den, box):
    """The box is there, and a getmem has something to give."""
    if box.startswith("/chan/") or box.startswith("/proc/"):
        if not den.has_box(box):
            den.op.make(box)
    if box.startswith("/chan/"):
        den.op.put(box, b"message")
        den.op.put(box, b"message")
    if box.startswith("/fs/desk/"):  # anew: it may have been given a list of its own
        den.node.run(["rm", "-f", "desk/f"])
        den.node.write_file("/home/ann/desk/f", "bytes")


def ask(op, verb, box, to):
    """What a request comes to: "ok", or the code."""
    fields, body, name = {}, None, box
    if verb == "putmem":
        body = b"bytes"
    elif verb == "copy":
        fields = {"to": to}
    elif verb == "link":
        fields = {"device": to}
    elif verb == "make":
        name += "/new"
        fields = {"type": "dir"} if "/fs/" in box else {}
    elif verb == "chinfo":
        fields = {"acl": ["eve k"]}
    try:
        with op.call(verb, name, body, **fields) as call:
            call.reply
            if verb in ("copy", "getmem"):
                call.read()
        return "ok"
    except Refused as refused:
        return refused.code
    except Lost:
        return "lost"


def check(op, den, below, box, verb, allow, owner, own=False):
    """
    Asks with no letter, with k, and with the verb's own; what was wrong with the answers. allow sets
    the letters; owner: who asks is the node's, who may all without a line; own: the box has a list of
    its own.
    """
    good, mine, _, everybodys = TABLE[box]
    letter, wrong = LETTERS[verb], []
    for letters in ("", "k", "k" + letter.replace("k", "")):
        prepare(den, box)
        allow(box if own else base_of(box), letters)
        code = ask(op, verb, below + box, "/null")
        if not letters and not owner and letter not in everybodys:
            right = code == ("EPERM" if "k" in everybodys else "ENOENT")
        elif letters == "k" and letter != "k":
            right = code == "EPERM"
        elif letter in mine:  # of the owner's machines it may be any, or one only
            right = code == "EPERM" or owner
        elif letter in good:
            right = code == "ok"
        else:
            right = code not in (*NO_RIGHT, "ok")
        if not right:
            wrong.append(f"{verb} {box} with {letters or 'no line'}: {code}")
        if verb == "make" and code == "ok":
            den.run("rm", box + "/new")
    prepare(den, box)
    allow(box if own else base_of(box), "")
    return wrong


def cases(den):
    """What there is to try: (box, verb)."""
    roots = {"/" + name.strip("/") for name, _ in den.op.list("/")}
    return [(box, verb) for box, (_, _, untried, _) in TABLE.items() for verb in VERBS
            if "/" + box.split("/")[1] in roots and LETTERS[verb] not in untried]


def test_the_table_is_whole(homes):
    den = homes[0]
    assert set(WORDS.takes) == set(LETTERS)
    roots = {"/" + name.strip("/") for name, _ in den.op.list("/")} - {"/n"}  # that is never exported
    missing = roots - {"/" + box.split("/")[1] for box in TABLE}
    assert not missing, f"no row in rights.txt for {missing}"


def test_friend(homes):
    """Bob, by Ann's lists."""
    den, _, pc, _ = homes

    def allow(box, letters):
        den.op.chinfo(box, acl=[f"bob {letters or '-'}"])

    wrong = [line for box, verb in cases(den)
             for line in check(pc.op, den, "/n/ann.den", box, verb, allow, owner=False)]
    assert not wrong, "\n".join(wrong)


def test_friend_of_a_file(homes):
    """Bob, by the list of one file: that is as good as its folder's, and good for nothing else."""
    den, _, pc, _ = homes

    def allow(box, letters):
        den.op.chinfo(box, acl=[f"bob {letters or '-'}"])

    wrong = [line for box, verb in cases(den) if box == "/fs/desk/f"
             for line in check(pc.op, den, "/n/ann.den", box, verb, allow, owner=False, own=True)]
    assert not wrong, "\n".join(wrong)
    prepare(den, "/fs/desk/f")
    allow("/fs/desk/f", "ksgplmdi")
    for name in ("/fs", "/fs/desk", "/fs/desk/other", "/fs/files/f"):
        assert ask(pc.op, "kind", "/n/ann.den" + name, "") == "ENOENT"


def test_own_machine(homes):
    """A machine of the person may all, unless a line is for it alone."""
    den, ibiza, _, _ = homes

    def allow(box, letters):
        den.op.chinfo(box, acl=[f"ann/ibiza {letters or '-'}"])

    wrong = [line for box, verb in cases(den)
             for line in check(ibiza.op, den, "/n/den", box, verb, allow, owner=True)]
    assert not wrong, "\n".join(wrong)


def test_friend_of_a_friend(homes):
    """Carl is nobody to den, whatever the lists say of everybody; and Bob's node is no way there."""
    den, _, _, far = homes
    key = den.box("pair", "--fingerprint")
    for box, verb in cases(den):
        prepare(den, box)
        den.op.chinfo(base_of(box), acl=["* ksgplmdi"])
        for below in (f"/n/{key}", "/n/bob.pc/n/ann.den", "/n/ann.den"):
            code = ask(far.op, verb, below + box, "/null")
            assert code == "ENOENT", f"{verb} {below}{box}: {code}"
        den.op.chinfo(base_of(box), acl=["* -"])


def test_who_is_kept_out(homes):
    """A machine that its person revoked, and one that this node forgot: no verb, no box, no list."""
    den, ibiza, pc, _ = homes
    for box in ("/chan/x", "/display/0"):
        prepare(den, box)
        den.op.chinfo(box, acl=["* ksgplmdi"])
    assert ask(ibiza.op, "kind", "/n/den/chan/x", "") == "ok"
    assert ask(pc.op, "kind", "/n/ann.den/chan/x", "") == "ok"
    den.box("revoke", "ibiza")
    den.box("rm", "/peer/bob.pc")
    for verb in VERBS:
        for box in ("/chan/x", "/display/0"):
            for op, node in ((ibiza.op, "/n/den"), (pc.op, "/n/ann.den")):
                code = ask(op, verb, node + box, "/null")
                assert code in ("EPERM", "EUNREACH"), f"{verb} {node}{box}: {code}"
