# SPDX-License-Identifier: MIT
"""Who may do what: each verb of op.xml, at each box a node has, asked by each kind of person.

What each letter is good for stands in rights.txt. A person without a line does not see that the box is
there; with k alone every other verb is refused; with the verb's letter it is done, or not for want of
rights. So each refusal has its granted twin. Who is nobody here is asked for the same, with all letters
given to everybody, and gets no answer; what he asked for changes nothing.
"""

import concurrent.futures
import json
import pathlib

import pytest

from askers import ANYWHERE, ask, encoded
from net import cups
from net.household import Household, pair
from peer.op import WORDS, Refused
from peer.quic import make_identity

LETTERS = {"kind": "k", "selectors": "s", "getmem": "g", "putmem": "p", "copy": "g", "link": "l",
           "make": "m", "delete": "d", "chinfo": "i"}
VERBS = sorted(LETTERS, key=lambda verb: verb in ("chinfo", "delete"))  # last: what changes the box
ASKERS = pathlib.Path(__file__).with_name("askers.py")
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
    den = Household(lab.node("den", env=cups.ENV), boxd_conf="export files /home/ann/files\n"
                                                             "store desk /home/ann/desk\n")
    cups.Cups(den.node).add_sink("q")
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


def is_there(op, box):
    try:
        op.kind(box)
        return True
    except Refused:
        return False


def prepare(den, box):
    """The box is there, and a getmem has something to give."""
    if box.startswith("/chan/") or box.startswith("/proc/"):
        if not is_there(den.op, box):
            den.op.make(box)
    if box.startswith("/chan/"):
        den.op.put(box, b"message")
        den.op.put(box, b"message")
    if box.startswith("/fs/desk/"):  # anew: it may have been given a list of its own
        if is_there(den.op, box):
            den.op.delete(box)
        den.op.put(box, b"bytes")
    if box.startswith("/fs/desk"):  # it is a replica of one device once
        for name, kind in den.op.list(box):
            if kind.text("type") == "link":
                den.op.delete(box + name)


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
        code = ask(op, verb, below + box)
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
            if is_there(den.op, box + "/new"):  # what is made at /peer goes with who asked
                den.op.delete(box + "/new")
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


def test_friend_in_a_group(homes):
    """Bob, by a line for a group that he is in: boxes of boxd, and of the desktop that it asks."""
    den, _, pc, _ = homes
    den.box("group", "pals", "add", "bob")

    def allow(box, letters):
        den.op.chinfo(box, acl=[f"pals {letters or '-'}"])

    boxes = ("/chan/x", "/display/0", "/fs/files/f", "/proc")
    wrong = [line for box, verb in cases(den) if box in boxes
             for line in check(pc.op, den, "/n/ann.den", box, verb, allow, owner=False)]
    den.box("group", "pals", "rm", "bob")
    for box in ("/chan/x", "/display/0"):
        prepare(den, box)
        allow(box, "ksgplmdi")
        wrong += [f"{verb} {box}: he is in no group" for verb in VERBS
                  if ask(pc.op, verb, "/n/ann.den" + box, "/null") != "ENOENT"]
        allow(box, "")
    den.box("rm", "/peer/pals")
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
        assert ask(pc.op, "kind", "/n/ann.den" + name) == "ENOENT"


def test_own_machine(homes):
    """A machine of the person may all, unless a line is for it alone."""
    den, ibiza, _, _ = homes

    def allow(box, letters):
        den.op.chinfo(box, acl=[f"ann/ibiza {letters or '-'}"])

    wrong = [line for box, verb in cases(den)
             for line in check(ibiza.op, den, "/n/den", box, verb, allow, owner=True)]
    assert not wrong, "\n".join(wrong)


def open_to_all(den):
    """Everybody has all letters at each box of the table."""
    for box in TABLE:
        prepare(den, box)
        den.op.chinfo(base_of(box), acl=["* ksgplmdi"])


def close_again(den):
    for box in TABLE:
        den.op.chinfo(base_of(box), acl=["* -"])


def test_friend_of_a_friend(homes):
    """Carl is nobody to den, whatever the lists say of everybody; and Bob's node is no way there."""
    den, _, _, far = homes
    key = den.box("pair", "--fingerprint")
    open_to_all(den)
    for box, verb in cases(den):
        for below in (f"/n/{key}", "/n/bob.pc/n/ann.den", "/n/ann.den"):
            code = ask(far.op, verb, below + box)
            assert code == "ENOENT", f"{verb} {below}{box}: {code}"
    close_again(den)


def in_sandbox(pc, asked, given=""):
    """The codes that a program of Bob's on den gets there, of each (verb, box)."""
    gives = [word for box in TABLE for word in ("--give", f"/n/ann.den{box}:{given}")] if given else []
    done = pc.run("run", "-c", "proc!*!*!node=den", *gives, "--", "python3", "-c", ANYWHERE, timeout=120,
                  input=json.dumps([encoded(verb, box) for verb, box in asked]).encode(), check=True)
    return [(line.split(" ") + [line])[1 if line.startswith("no ") else 0]
            for line in json.loads(done.stdout)]


def test_sandbox(homes):
    """Bob may all there is on den, and a program of his there only what he gave it: no name, or no
    letter, without; with them it may what he may."""
    den, _, pc, _ = homes
    open_to_all(den)
    before = looks_of(den)
    everything = [(verb, box) for box, verb in cases(den)]
    for below in ("", "/n/ann.den"):
        codes = in_sandbox(pc, [(verb, below + box) for verb, box in everything])
        wrong = [case for case, code in zip(everything, codes) if code != "ENOENT"]
        assert all(not below and box in ("/ns", "/proc") for _, box in wrong), (below, wrong)
    rest = [(verb, "/n/ann.den" + box) for verb, box in everything if verb not in ("kind", "make")]
    for (verb, box), code in zip(rest, in_sandbox(pc, rest, given="k")):
        assert code == ("EUNSUPP" if verb in ("copy", "link") else "EPERM"), (verb, box)
    assert looks_of(den) == before
    reads = [(verb, "/n/ann.den" + box) for verb, box in everything
             if verb in ("kind", "selectors", "getmem") and LETTERS[verb] in TABLE[box][0]]
    assert set(in_sandbox(pc, reads, given="ksg")) == {"ok"}
    close_again(den)


# --- who is let in by no key ---

# What changes there is who is connected, and how well, and what is being printed.
QUICK = {"/ads", "/meet", "/n", "/peer", "/printer", "/printer/q"}


def looks_of(den):
    """All of den that a request might have changed."""
    boxes = [(name, entry.text("type"), entry.text("owner"), entry.text("letters"))
             for name, entry in den.op.list("/", depth=3) if "/" + name.split("/")[1] not in QUICK]
    kinds = [den.op.kind(box).encode() for box in TABLE if box not in QUICK]
    return boxes, kinds, den.node.read_file("/home/ann/desk/f")


def own_identity(home):
    """The files of a node's machine: (chain, key)."""
    keys = f"{home.node.home}/.local/share/boxland"
    chain = b"".join(home.node.read_file(f"{keys}/{name}.crt") for name in ("machine", "person"))
    return chain, home.node.read_file(f"{keys}/machine.key")


def as_somebody(den, node, identities, asked):
    """The codes that den answers on a node to each who has one of these identities: a list of sets."""
    who = [f"{node.home}/as-{number}" for number, _ in enumerate(identities)]
    for path, (chain, key) in zip(who, identities):
        node.write_file(f"{path}.chain", chain)
        node.write_file(f"{path}.key", key, 0o600)
    done = node.run(["python3", "-B", ASKERS, den.node.ip, "7447",
                     den.box("pair", "--fingerprint"), *who], timeout=200,
                    input=json.dumps([(verb, box, {}) for verb, box in asked]).encode())
    return [{code for code, _ in answers} for answers in json.loads(done.stdout)]


def check_shut_out(den, node, identities, asked):
    """Not one is answered, and den is as it was."""
    before = looks_of(den)
    assert as_somebody(den, node, identities, asked) == [{"lost"}] * len(identities)
    assert looks_of(den) == before


def test_who_has_no_key(homes):
    """Neither who was never paired, nor who only says that he is who was: by his certificates without
    their key, or by certificates of his own that bear the same names."""
    den, ibiza, pc, far = homes
    open_to_all(den)
    asked = [(verb, box) for box, verb in cases(den)]
    ibiza.boxd.stop()  # two connections of one machine would be in each other's way
    twin = [("kind", box) for box in TABLE]
    assert as_somebody(den, ibiza.node, [own_identity(ibiza)], twin) == [{"ok"}]
    ibiza.start_boxd()
    check_shut_out(den, far.node, [
        make_identity("laptop", "eve")[:2],
        own_identity(far),  # a friend's friend
        (own_identity(pc)[0], own_identity(far)[1]),
        (own_identity(ibiza)[0], own_identity(far)[1]),
        make_identity("pc", "bob")[:2],
        make_identity("ibiza", "ann")[:2],
    ], asked)
    close_again(den)


def test_who_is_kept_out(homes):
    """A machine that its person revoked, and one that this node forgot: no verb, no box, no list.
    Programs that they left running here end."""
    den, ibiza, pc, _ = homes
    open_to_all(den)
    assert ask(ibiza.op, "kind", "/n/den/chan/x") == "ok"
    assert ask(pc.op, "kind", "/n/ann.den/chan/x") == "ok"
    for op, node in ((ibiza.op, "/n/den"), (pc.op, "/n/ann.den")):
        op.make(f"{node}/proc/left-by-{node[3:]}", prog="sleep", arg=["sleep", "600"])
    den.op.make("/proc/of-den", prog="sleep", arg=["sleep", "600"])
    left = [f"/proc/left-by-{node}" for node in ("den", "ann.den")]
    assert all(den.op.kind(box).text("state") == "running" for box in left)
    den.box("revoke", "ibiza")
    den.wait_no_box(left[0])
    assert den.has_box(left[1])
    den.box("rm", "/peer/bob.pc")
    den.wait_no_box(left[1])
    assert den.op.kind("/proc/of-den").text("state") == "running"
    assert len(den.node.find("sleep")) == 1
    den.box("rm", "/proc/of-den")
    before = looks_of(den)
    asked = [(verb, box) for box, verb in cases(den)]
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        for op, node in ((ibiza.op, "/n/den"), (pc.op, "/n/ann.den")):
            codes = set(threads.map(lambda case: ask(op, case[0], node + case[1]), asked))
            assert codes <= {"EPERM", "EUNREACH"}, codes
    assert looks_of(den) == before
    for home in (ibiza, pc):
        home.boxd.stop()
        check_shut_out(den, home.node, [own_identity(home)], asked)
