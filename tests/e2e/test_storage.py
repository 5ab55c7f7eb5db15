# SPDX-License-Identifier: MIT
"""Folders move whole: between machines, and from and to this one's disk."""

import re

import pytest

from evidence import ROOT
from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused

TREE = r"""
mkdir -p $1/a/b $1/empty
i=0; while [ $i -lt 300 ]; do echo "file $i" > $1/a/b/$i; i=$((i + 1)); done
head -c 3000000 /dev/urandom > $1/large
ln -s a/b/7 $1/link
ln -s /etc/passwd $1/out
printf x > "$1/été"
chmod 700 $1/a; chmod 750 $1/large
touch -d 2001-02-03 $1/a/b/7 $1/a/b $1
"""
# Names, types, modes, times, sizes, contents; without what does not go along.
LOOK = (r"cd $1 && find . ! -name out -printf '%P %y %m %T@ %l\n' | sort && "
        r"find . -type f -print0 | sort -z | xargs -0 sha256sum")


@pytest.fixture(scope="module")
def ann(lab):
    """Three machines of Ann's; den and ibiza store."""
    homes = [Household(lab.node(name), boxd_conf="store desk /home/ann/desk\n"
                       f"export tests {ROOT}/tests\n")
             for name in ("den", "ibiza", "loft")]
    for home in homes:
        home.node.run(["mkdir", "desk"])
        home.start()
    homes[0].box("init", "--person", "ann")
    for home in homes[1:]:
        pair(homes[0], home, mine=True)
    pair(homes[1], homes[2])
    return homes


def look(home, folder):
    return home.node.output(["sh", "-c", LOOK, "sh", folder])


def test_folders(ann):
    den, ibiza, loft = ann
    den.node.run(["sh", "-c", TREE, "sh", "desk/tree"])
    wanted = look(den, "desk/tree")
    assert wanted.count("\n") > 600
    # asked for by a third machine
    loft.box("cp", "/n/den/fs/desk/tree", "/n/ibiza/fs/desk/copy", timeout=60)
    assert look(ibiza, "desk/copy") == wanted
    # to the asker's disk, into the folder it stands in; and back, below a box
    loft.box("cp", "-r", "/n/den/fs/desk/tree", ".", timeout=60)
    assert look(loft, "tree") == wanted
    loft.box("cp", "-r", "tree/", "/n/ibiza/fs/desk/copy/", timeout=60)
    assert look(ibiza, "desk/copy/tree") == wanted
    # over itself, with one more in it, it is as it was
    ibiza.node.run(["sh", "-c", "echo more > desk/copy/a/more; echo changed > desk/copy/a/b/7"])
    den.box("cp", "/fs/desk/tree", "/n/ibiza/fs/desk/copy", timeout=60)
    assert ibiza.node.read_file("/home/ann/desk/copy/a/more") == b"more\n"
    assert ibiza.node.read_file("/home/ann/desk/copy/a/b/7") == b"file 7\n"
    assert ibiza.node.output(["ls", "-A", "desk"]).split() == ["copy"]
    listed = loft.run("cp", "-r", "/n/den/fs/desk/tree", "-", check=True).stdout
    assert listed[257:262] == b"ustar"


def test_bytes_and_inner_boxes(ann):
    """A box that has both takes both along."""
    den, ibiza, loft = ann
    den.node.write_file("/home/ann/desk/letter", "Dear Bob")
    den.box("mk", "/fs/desk/letter/notes")
    loft.node.write_file("/home/ann/note", "not sent yet")
    loft.box("cp", "note", "/n/den/fs/desk/letter/notes")
    den.box("chinfo", "/fs/desk/letter/notes", "type", "text")
    loft.box("cp", "/n/den/fs/desk/letter", "/n/ibiza/fs/desk/letter", timeout=60)
    assert ibiza.text("/fs/desk/letter") == "Dear Bob"
    assert ibiza.text("/fs/desk/letter/notes") == "not sent yet"
    assert ibiza.box("ls", "/fs/desk/letter").split()[:2] == ["notes", "text"]


def test_a_folder_that_cannot_be_had(ann):
    den, ibiza, loft = ann
    den.node.run(["sh", "-c", "mkdir -p desk/odd; echo x > desk/odd/file; chmod 700 desk/odd"])
    ibiza.node.write_file("/home/ann/desk/odd", "a file")
    assert "is a file" in loft.refused("cp", "/n/den/fs/desk/odd", "/n/ibiza/fs/desk/odd")
    assert ibiza.node.read_file("/home/ann/desk/odd") == b"a file"
    assert "/fs/desk/none" in loft.refused("cp", "-r", "/n/den/fs/desk/none", "here")
    assert not loft.node.exists("/home/ann/here")
    loft.node.write_file("/home/ann/odd", "mine")
    assert "odd" in loft.refused("cp", "-r", "/n/den/fs/desk/odd", "odd")
    assert loft.node.read_file("/home/ann/odd") == b"mine"


def waits(home):
    """How often threads of boxd other than its first have waited for something."""
    pid = home.boxd.pid
    told = home.node.output(["sh", "-c", f"grep -h ^voluntary /proc/{pid}/task/*/status"])
    first = home.node.output(["grep", "^voluntary", f"/proc/{pid}/status"])
    return sum(map(int, re.findall(r"\d+", told))) - int(first.split()[1])


def needs_no_thread(home, name):
    """Whether what is asked for again and again is got without one."""
    before = waits(home)
    for _ in range(10):
        home.op.get(name)
    return waits(home) - before < 5


def test_small_files_need_no_thread(ann):
    """What is at hand is read in the loop, and is what it would be from a thread."""
    op, node = ann[0].op, ann[0].node
    sizes = 0, 1, 32768, 32769, 300000
    files = {f"/fs/desk/{size}": bytes(i % 251 for i in range(size)) for size in sizes}
    for name, data in files.items():
        node.write_file(f"/home/ann{name.removeprefix('/fs')}", data)
    for _ in range(2):  # the first to be read tells what the folder is on
        for name, data in files.items():
            assert op.get(name) == data and op.get(name, offset=1, length=9) == data[1:10]
    assert op.get("/fs/tests/e2e/rights.txt") == (ROOT / "tests/e2e/rights.txt").read_bytes()
    wait_for(lambda: needs_no_thread(ann[0], "/fs/desk/32768"), 20, "what was changed just now to age")
    wait_for(lambda: needs_no_thread(ann[0], "/fs/desk/1"), 20, "and that")
    before = waits(ann[0])
    for _ in range(50):
        op.get("/fs/desk/32768")
    small = waits(ann[0])
    for _ in range(50):
        op.get("/fs/desk/32769")
    assert small - before < 25 < waits(ann[0]) - small
    # nothing is kept: what another program says of it is so, and what it writes is what is read
    say = "import os, sys; os.setxattr('desk/1', 'user.box.' + sys.argv[1], sys.argv[2].encode())"
    node.run(["python3", "-c", say, "type", "text!*!*"])
    with op.call("getmem", "/fs/desk/1") as call:
        assert call.reply.text("type") == "text!*!*"
    node.run(["python3", "-c", say, "acl", "ann k"])
    with pytest.raises(Refused, match="EPERM"):
        op.get("/fs/desk/1")
    node.run(["python3", "-c", "import os; os.removexattr('desk/1', 'user.box.acl')"])
    version = op.kind("/fs/desk/1").text("version")
    node.write_file("/home/ann/desk/1", "two")
    assert op.get("/fs/desk/1") == b"two"
    with pytest.raises(Refused, match="ESTALE"):
        op.get("/fs/desk/1", if_version=version)
    # what was a file when it was read last may be something else
    node.run(["sh", "-c", "ln -sf 32769 desk/32768; rm desk/0; mkfifo desk/0"])
    assert op.get("/fs/desk/32768") == files["/fs/desk/32769"]
    with pytest.raises(Refused, match="EPERM devices and pipes"):
        op.get("/fs/desk/0")
    node.run(["sh", "-c", "ln -s /etc/passwd desk/way-out; ln -s 1 desk/way-in"])
    assert op.get("/fs/desk/way-in") == b"two"
    with pytest.raises(Refused, match="ENOENT"):
        op.get("/fs/desk/way-out")


def test_a_small_file_takes_few_calls(ann):
    """Opened once, by its name; what it takes is counted, for time is not the same everywhere."""
    home, count = ann[0], 100
    home.node.write_file("/home/ann/desk/few", b"x" * 100)
    wait_for(lambda: needs_no_thread(home, "/fs/desk/few"), 20, "what was changed just now to age")
    tracer = home.node.spawn(["strace", "-f", "-p", str(home.boxd.pid), "-o", f"{home.node.home}/calls"])
    tracer.wait_output("attached")
    for _ in range(count):
        home.op.get("/fs/desk/few")
    tracer.stop()
    calls = re.findall(r"^\d+ +(\w+)\(", home.node.read_file(f"{home.node.home}/calls").decode(), re.M)
    taken = {name: calls.count(name) / count for name in sorted(set(calls))}
    assert 2 <= taken["openat2"] < 2.5 and 1 <= taken["preadv2"] < 1.5, taken
    # whatever else boxd has to do meanwhile; a thread takes fifteen of these for each
    others = "openat", "readlink", "listxattr", "fgetxattr", "futex", "pread64"
    assert sum(taken.get(name, 0) for name in others) < 1, taken
