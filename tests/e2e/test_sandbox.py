# SPDX-License-Identifier: MIT
"""What a friend's program sees of boxes behind the walls: a socket of its own, on which it is him, and
the names that he gave it, wherever those boxes are. What the walls themselves hide: test_walls.py.

den is ann's, pc is bob's, who runs programs on her processor with boxes of his own, and of hers.
"""

import json

import pytest

from net.household import Household, pair
from net.lab import wait_for

LETTER, OTHER = "dear ann\n", "of nobody's business\n"
# Asks each question in the arguments, a head, and prints the first lines of the answers.
ASKS = r"""
import json, os, socket, sys

def ask(head):
    with socket.socket(socket.AF_UNIX) as it:
        it.settimeout(30)
        it.connect(os.environ["BOX_OP"])
        it.sendall(head.encode())
        said = b""
        while more := it.recv(65536):
            said += more
    return said.decode(errors="replace")

print(json.dumps([ask(head) for head in json.load(sys.stdin)]))
"""
WAITS = "import os, time; print(os.environ.get('BOX_OP'), flush=True); time.sleep(1000)"


@pytest.fixture(scope="module")
def homes(lab):
    den, pc = Household(lab.node("den")), Household(lab.node("pc", person="bob"))
    for home, files in ((den, {"photos/one": "a photo", "secret/plan": "ann's own"}),
                        (pc, {"desk/letter": LETTER, "desk/other": OTHER})):
        for name, text in files.items():
            home.node.run(["mkdir", "-p", f"{home.node.home}/{name.partition('/')[0]}"])
            home.node.write_file(f"{home.node.home}/{name}", text)
        folders = {name.partition("/")[0] for name in files}
        home.node.write_file(
            f"{home.node.home}/.config/boxland/boxd.conf",
            "".join(f"store {name} {home.node.home}/{name}\n" for name in folders) +
            ("access /proc bob kms\naccess /fs/photos bob ksg\n" if home is den else ""))
        home.start_boxd()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    pair(den, pc)
    return den, pc


@pytest.fixture(scope="module")
def carried(homes):
    """The real box, which den need not have where a sandbox sees it."""
    return homes[1].node.output(["sh", "-c", "command -v box"]).strip()


def on_den(*words, options=()):
    return ("run", "-c", "proc!*!*!node=den", *options, "--", *words)


def answers(pc, *heads, words=(), options=()):
    done = pc.run(*on_den("python3", "-c", ASKS, *words, options=options),
                  input=json.dumps([f"op/1 {head}\n\n" for head in heads]).encode())
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_reads_what_it_was_given(homes, carried):
    _, pc = homes
    assert pc.box(*on_den(carried, "cp", "/fs/desk/letter", "-")) == LETTER.strip()


def test_writes_what_it_was_given_to_write(homes, carried):
    _, pc = homes
    write = on_den(carried, "cp", "-", "/fs/desk/letter")
    done = pc.run(*write, input=b"changed")
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "EPERM" in said and "without p" in said and "--give" in said, said
    assert pc.text("/fs/desk/letter") == LETTER
    for name in ("/fs/desk/letter", "/fs/desk/new"):
        done = pc.run(*on_den(carried, "cp", "-", name, options=("--write", name)), input=b"changed")
        assert done.returncode == 0, done.stderr
        assert pc.text(name) == "changed"
    pc.node.write_file(f"{pc.node.home}/desk/letter", LETTER)


def test_nothing_else_is_there(homes):
    den, pc = homes
    den.node.write_file(f"{den.node.home}/photos/one", "a photo")
    hidden = ["/fs/desk/other", "/n/bob.pc/fs/desk/letter", "/n/ann.den/fs/photos/one",
              "/fs/photos/one", "/fs/secret/plan", "/peer/ann.den", "/mount/x", "/ask/0", "/chan",
              "/ns/other"]
    said = answers(pc, "selectors\nname /\ndepth 9", "getmem\nname /fs/desk/letter",
                   "getmem\nname /fs/desk/letter\nas ann/den\nns other",
                   "getmem\nname /fs/secret/plan\nas ann/den", "putmem\nname /fs/desk/letter\nbody 0",
                   *(f"kind\nname {name}" for name in hidden), words=("/fs/desk/letter",))
    listed, letter, as_ann, secret, put, *others = said
    names = {line.split(" ", 1)[1] for line in listed.splitlines() if line.startswith("name ")}
    process = next(name for name in names if name.startswith("/proc/") and name.count("/") == 2)
    assert names == {"/fs", "/fs/desk", "/fs/desk/letter", "/ns", "/ns/default", "/ns/default/dot",
                     "/proc", process, *(f"{process}/io{i}" for i in range(3))}
    assert LETTER in letter and LETTER in as_ann, (letter, as_ann)
    assert secret.startswith("no ENOENT") and put.startswith("no EPERM"), (secret, put)
    for name, answer in zip(hidden, others):
        assert answer.startswith("no ENOENT"), (name, answer)


def test_no_more_than_he_may(homes):
    """Of ann's own boxes, given by bob: what her lists allow him, and no more."""
    _, pc = homes
    one, plan = "/n/ann.den/fs/photos/one", "/n/ann.den/fs/secret/plan"
    read, put, hidden = answers(
        pc, f"getmem\nname {one}", f"putmem\nname {one}\nbody 0", f"getmem\nname {plan}",
        options=("--give", f"{one}:kgp", "--give", f"{plan}:kgp"))
    assert "a photo" in read, read
    assert put.startswith("no EPERM"), put
    assert hidden.startswith("no ENOENT"), hidden


def test_current_box(homes, carried):
    _, pc = homes
    pc.box("change", "/fs/desk")
    try:
        listed = pc.box(*on_den(carried, "ls", "."))
    finally:
        pc.box("change", "/")
    assert "letter" in listed and "other" in listed, listed


def test_its_socket_goes_with_it(homes):
    den, pc = homes

    def theirs():
        return den.node.output(["find", f"{den.node.runtime}/boxland", "-name", "box-*"]).split()

    assert not theirs()
    program = pc.node.spawn(["box", *on_den("python3", "-c", WAITS)])
    try:
        wait_for(lambda: "boxland/op" in program.output(), 30, "the program")
        assert len(theirs()) == 1
        own = den.node.spawn(["box", "run", "--", "python3", "-c", WAITS])
        wait_for(lambda: own.output(), 30, "a program of ann's")
        assert len(theirs()) == 1  # hers has her own socket
        own.stop()
    finally:
        program.stop()
    wait_for(lambda: not theirs(), 20, "the end of its folder")


LISTENS = r"""
import os, socket, sys
with socket.socket(socket.AF_UNIX) as it:
    it.connect(os.environ["BOX_OP"])
    it.sendall(b"op/1 getmem\nname /feed\nlive\n\n")
    while it.recv(65536):
        pass
sys.exit(7)
"""


def test_forgotten_person_hears_no_more(homes):
    """His program ends when he is forgotten, and what it reads with it. The last: he is."""
    den, pc = homes
    den.box("mk", "/chan/feed")
    den.box("chinfo", "/chan/feed", "acl", "bob kg")
    pc.op.make("/n/ann.den/proc/listens", prog="python3", arg=["python3", "-c", LISTENS],
               bound="/feed\tkg\t/n/ann.den/chan/feed")
    den.op.put("/chan/feed", "a message")
    wait_for(lambda: den.op.kind("/chan/feed").number("size") == 0, 30, "its reading")
    den.box("rm", "/peer/bob.pc")
    den.wait_no_box("/proc/listens", 20)
    den.op.put("/chan/feed", "another")
    assert den.op.kind("/chan/feed").number("size") == len("another"), "nobody reads it"
