# SPDX-License-Identifier: MIT
"""What was acknowledged is on the disk: in which order boxd does it, and what kills leave."""

import re
import secrets

import pytest

from e2e import model
from net.household import Household, pair
from net.place import wait_for
from peer.op import Refused

DESK = "/home/ann/desk"
CALLS = "fsync,fdatasync,syncfs,?rename,renameat,renameat2,linkat,mkdirat,unlinkat,fsetxattr,close," \
    "sendmsg,write,pwrite64,copy_file_range"
TRACE = "/home/ann/trace"
ANSWERED = r'(sendmsg|write)\(.*"ok\\n'


@pytest.fixture(scope="module")
def den(lab):
    """A storage whose boxd is watched: what it asks of the kernel, and when."""
    home = Household(lab.node("den"), boxd_conf=f"store desk {DESK}\n")
    home.node.run(["mkdir", "desk"])
    home.start_boxd(under=["strace", "-f", "-y", "-qq", "-s", "20", "-e", f"trace={CALLS}",
                           "-o", TRACE])
    return home


def trace(den):
    """The calls so far, each in one line, by the time it returned."""
    begun, lines = {}, []
    for line in den.node.read_file(TRACE).decode(errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[pid] = rest.removesuffix("<unfinished ...>")
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>", rest)
        lines.append(begun.pop(pid, "") + rest[resumed.end():] if resumed else rest)
    return lines


def watch(den, action):
    """What boxd did for an exchange, its answer last."""
    before = len(trace(den))
    action()
    answer = re.compile(ANSWERED)

    def answered():
        lines = trace(den)[before:]
        ends = [i for i, line in enumerate(lines) if answer.match(line)]
        return lines[:ends[-1] + 1] if ends else None

    return wait_for(answered, 20, "the answer in the trace")


def in_order(lines, *wanted):
    at = 0
    for pattern in wanted:
        found = [i for i in range(at, len(lines)) if re.search(pattern, lines[i])]
        assert found, f"no {pattern} behind the others in\n" + "\n".join(lines)
        at = found[0] + 1


FILE = r"fsync\(\d+<" + DESK + r"/[^>]+>(\(deleted\))?\) += 0"
FOLDER = r"fsync\(\d+<" + DESK + r">\) += 0"
ANSWER = r'"ok\\n'


def named(name, call="renameat"):
    return rf'{call}\(.*<{DESK}[^>]*>, "{name}"'


def kept(op, name, part):
    """How much of it came before it broke off."""
    try:
        return int(op.kind(name, part=part).text("offset") or 0)
    except Refused:
        return 0


def test_order(den):
    op = den.op
    for data in b"new", b"replaced":
        lines = watch(den, lambda data=data: op.put("/fs/desk/file", data))
        in_order(lines, FILE, named("file"), FOLDER, ANSWER)
    in_order(watch(den, lambda: op.put("/fs/desk/file", b"x", offset=2)), FILE, ANSWER)
    in_order(watch(den, lambda: op.make("/fs/desk/empty")), FILE, FOLDER, ANSWER)
    in_order(watch(den, lambda: op.make("/fs/desk/folder", type="dir")),
             named("folder", "mkdirat"), FOLDER, ANSWER)
    in_order(watch(den, lambda: op.delete("/fs/desk/empty")), named("empty", "unlinkat"), FOLDER,
             ANSWER)
    in_order(watch(den, lambda: op.delete("/fs/desk/folder")), named("folder", "unlinkat"), FOLDER,
             ANSWER)
    in_order(watch(den, lambda: op.chinfo("/fs/desk/file", type="text")),
             r"fsetxattr\(.*\) += 0", FILE, ANSWER)
    in_order(watch(den, lambda: op.make("/fs/desk/file/inner")),
             rf"fsync\(\d+<{DESK}/\.box-put[^>]*>\) += 0", named(r"\.box-put[^\"]*", "renameat2"), FOLDER,
             FILE, rf"fsync\(\d+<{DESK}/file>\) += 0", ANSWER)
    tree = model.make_tar({"a": b"1", "b/c": b"2"})
    in_order(watch(den, lambda: op.put("/fs/desk/tree", tree, type="tar")),
             r"syncfs\(.*\) += 0", named("tree", "renameat2"), FOLDER, ANSWER)
    in_order(watch(den, lambda: op.put("/fs/desk/tree", tree, type="tar")),
             r"syncfs\(.*\) += 0", named("a"), rf"fsync\(\d+<{DESK}/tree>\) += 0", ANSWER)
    assert op.get("/fs/desk/tree/b/c") == b"2"


def copied_by_kernel(lines):
    """How many bytes; and what was written of any file by boxd itself."""
    ranges = [re.match(r"copy_file_range\(.* = (\d+)$", line) for line in lines]
    return sum(int(found[1]) for found in ranges if found), \
        [line for line in lines if line.startswith("pwrite64") and DESK in line]


def test_copy_on_one_machine(den):
    """The kernel copies it; who may do it, what it becomes, and when it is answered, is as ever."""
    op, data = den.op, secrets.token_bytes(8 << 20)
    den.node.write_file(f"{DESK}/film", data)
    op.put("/fs/desk/film.old", b"short")
    for name in "film", "film.old":
        op.chinfo(f"/fs/desk/{name}", type="reel")
    op.chinfo("/fs/desk/film.old", acl=["bob kg"])
    before = len(trace(den))
    assert progress(op, "film", "film.old") == len(data)

    def done():
        lines = trace(den)[before:]
        return lines if any(re.match(FOLDER, line) for line in lines) else None

    lines = wait_for(done, 20, "the answer")
    in_order(lines, r"copy_file_range\(", FILE, named("film.old"), FOLDER)
    assert copied_by_kernel(lines) == (len(data), [])
    assert den.node.read_file(f"{DESK}/film.old") == data
    kind = op.kind("/fs/desk/film.old")
    assert kind.text("type") == "reel" and b"bob kg" in kind.all("acl")


def progress(op, source, target, **fields):
    """Copies a file of the desk; how far it was when it said so last."""
    with op.call("copy", f"/fs/desk/{source}", to=f"/fs/desk/{target}", **fields) as copy:
        said = copy.read()
    return int(re.findall(rb"(?m)^offset (\d+)$", said)[-1])


def test_copy_needs_both_letters(den):
    op, bob = den.op, {"as_": "bob/pc"}
    den.node.write_file(f"{DESK}/diary", b"Dear")
    op.chinfo("/fs/desk", acl=["bob kp"])
    with pytest.raises(Refused, match="bob may not getmem /fs/desk/diary"):
        progress(op, "diary", "stolen", **bob)
    op.chinfo("/fs/desk/diary", acl=["bob kg"])
    assert progress(op, "diary", "given", **bob) == 4
    assert op.get("/fs/desk/given") == b"Dear"
    op.chinfo("/fs/desk/given", acl=["bob kg"])
    with pytest.raises(Refused, match="bob may not putmem /fs/desk/given"):
        progress(op, "diary", "given", **bob)


@pytest.fixture
def attic(lab, request):
    """A storage whose boxd finds the kernel's copying otherwise."""
    home = Household(lab.node("attic"), boxd_conf=f"store desk {DESK}\n")
    home.node.run(["mkdir", "desk"])
    home.start_boxd(under=["strace", "-f", "-y", "-qq", "-e", "trace=openat,copy_file_range,close",
                           "-e", f"inject=copy_file_range:{request.param}", "-o", TRACE])
    yield home
    lab.remove(home.node)


@pytest.mark.parametrize("attic", ["error=EXDEV"], indirect=True)
def test_copy_between_file_systems(attic):
    """Those that cannot do it by themselves."""
    data = secrets.token_bytes(1 << 20)
    attic.node.write_file(f"{DESK}/film", data)
    assert progress(attic.op, "film", "copy") == len(data)
    assert attic.node.read_file(f"{DESK}/copy") == data


@pytest.mark.parametrize("attic", ["retval=0"], indirect=True)
def test_copy_of_a_file_that_becomes_shorter(attic):
    attic.node.write_file(f"{DESK}/film", "1234")
    with pytest.raises(Refused, match="the file became shorter while it was read, by 4 bytes"):
        progress(attic.op, "film", "copy")
    assert attic.node.output(["ls", "desk"]).split() == ["film"]


@pytest.mark.parametrize("attic", ["delay_enter=3000000"], indirect=True)
def test_copy_that_is_given_up(attic):
    """Its asker goes while the first of four pieces is copied: the others are not."""
    attic.node.run(["truncate", "-s", "200M", "desk/large"])
    with attic.op.call("copy", "/fs/desk/large", to="/fs/desk/copy") as given_up:
        assert given_up.reply.code == "ok"
        wait_for(lambda: threads_of(attic, rf"openat\(.*{DESK}.*O_TMPFILE"), 20, "its beginning")
    freed = rf"close\(\d+<{DESK}/#?\d+[^>]*>\(deleted\)"
    wait_for(lambda: threads_of(attic, freed), 30, "the end of what came")
    assert len(threads_of(attic, r"copy_file_range\(")) <= 1
    assert attic.node.output(["ls", "desk"]).split() == ["large"]


def threads_of(den, call):
    """Who made such calls, oldest first."""
    lines = den.node.read_file(TRACE).decode(errors="replace").splitlines()
    return [line.split()[0] for line in lines if re.search(call, line)]


def loop_of(den):
    """Who answers."""
    den.op.kind("/fs")
    return wait_for(lambda: threads_of(den, ANSWERED), what="an answer")[-1]


def test_what_broke_off_is_freed_by_a_worker(den):
    """The blocks of a large file go with its last descriptor, which takes long: not in the loop."""
    close = rf"close\(\d+<{DESK}/#?\d+[^>]*>\(deleted\)"
    before = len(threads_of(den, close))
    with den.op.call("putmem", "/fs/desk/large", "chunks") as broken:
        for _ in range(4):
            broken.send(bytes(1 << 20))
    closers = wait_for(lambda: threads_of(den, close)[before:], 20, "the close of what came")
    assert closers[-1] != loop_of(den)


def test_addresses_are_written_by_a_thread(den, lab):
    """Where a peer was found is written at any time: the loop does not stand for it."""
    ibiza = Household(lab.node("ibiza")).start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    renames = r'rename\(".*", ".*/peers/ibiza"'
    writers = wait_for(lambda: set(threads_of(den, renames)) - {loop_of(den)}, 20, "the address")
    assert len(writers) == 1


def test_order_of_what_went_on(den):
    op, name = den.op, "/fs/desk/part"
    with op.call("putmem", name, "chunks", part="v1") as broken:
        broken.send(b"1234")
        wait_for(lambda: kept(op, name, "v1") == 4, what="the beginning")

    def go_on():
        try:
            return op.put(name, b"5678", part="v1", offset=4)
        except Refused as refused:
            assert refused.code == "EBUSY"  # boxd has not noticed the break yet
            return None

    lines = watch(den, lambda: wait_for(go_on, what="the rest to be taken"))
    in_order(lines, FILE, named("part"), FOLDER, ANSWER)
    assert op.get(name) == b"12345678"


def test_kills(lab):
    """Ten at random moments; two hundred in tests/slow."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    home = Household(lab.node("loft"), boxd_conf=f"store desk {DESK}\n")
    home.node.run(["mkdir", "desk"])
    home.start()
    trial = model.Trial(home, "/fs/desk", seed)
    trial.run(kills=10)
    assert trial.acknowledged > 10
