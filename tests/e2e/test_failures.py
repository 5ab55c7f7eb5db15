# SPDX-License-Identifier: MIT
"""What op(7) says of failures is so: a test for each row there, with real processes.

How soon the page says that something is told is allowed twice here, for a busy machine. That a row
has a test is checked below; the one of version skew builds an older release, and is in tests/slow.
"""

import re
import signal
import subprocess
import threading
import time

import pytest

from evidence import ROOT
from net.household import Household, pair
from net.place import wait_for, within
from op_page import failures
from peer.op import Refused

NAT = ROOT / "tests/e2e/nat.py"
YEAR_S = 365 * 24 * 3600
LARGE = 40 * 1000 * 1000  # more than sockets and queues hold
SMALL_DISK = 1 << 20


@pytest.fixture(scope="module")
def ann(lab):
    """Two machines of Ann's; den keeps files, some on a small disk."""
    den = Household(lab.node("den", disks={"/home/ann/small": str(SMALL_DISK)}),
                    boxd_conf="store notes /home/ann/notes\nstore small /home/ann/small\n")
    ibiza = Household(lab.node("ibiza"), boxd_conf="store notes /home/ann/notes\n")
    for home in (den, ibiza):
        home.node.run(["mkdir", "notes"])
    den.node.write_file("/home/ann/notes/letter", "Dear Ann")
    for home in (den, ibiza):
        home.start()
    den.box("init", "--person", "ann")
    pair(den, ibiza, mine=True)
    return den, ibiza


@pytest.fixture
def row(request):
    """What the page says of the failure that the test is named after."""
    name = request.node.originalname.removeprefix("test_").replace("_", " ")
    return failures()[name]


class Talk:
    """box run cat on another node: what is said comes back."""

    def __init__(self, home, there):
        self.process = home.node.spawn(
            ["box", "run", "-c", f"proc!*!*!node={there.name}", "--", "cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.answers("is it there?")

    def answers(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        assert self.process.stdout.read(len(line) + 1) == line.encode() + b"\n"

    def end(self):
        """How it ended, when it has."""
        self.process.wait()
        return self.process.stderr.read().decode()


class Soon:
    """Not much more than the time that a row gives."""

    def __init__(self, row):
        self.row = row

    def __enter__(self):
        self.begin = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self.begin
        assert kind or took < within(self.row.seconds), f"{self.row.name}: {took:.1f} s"


def half_put(home, name):
    """A putmem under way, of which some has come to the other side."""
    call = home.op.call("putmem", name, "chunks")
    call.send(b"half of it")
    return call


def code_of(call):
    with call, pytest.raises(Refused) as refused:
        call.read()
    return refused.value.code


def new_files(home, folder):
    """What lies in a folder besides the letter, hidden files too."""
    return [name for name in home.node.output(["ls", "-A", folder]).split() if name != "letter"]


def writes_notes(den):
    """Whether boxd has a file in that folder open, even one that has no name yet."""
    return "/home/ann/notes/" in den.node.output(["sh", "-c", f"ls -l /proc/{den.boxd.pid}/fd"])


def under_way(ann):
    """A program, a feed and a putmem between the two: (Talk, [calls])."""
    den, ibiza = ann
    if not den.has_box("/chan/feed"):
        den.box("mk", "/chan/feed")
    talk = Talk(ibiza, den)
    feed = ibiza.op.call("getmem", "/n/den/chan/feed", live=True)
    assert feed.reply
    put = half_put(ibiza, "/n/den/fs/notes/new")
    wait_for(lambda: writes_notes(den), what="the new file to be begun")
    return talk, [feed, put]


def all_lost(row, talk, calls):
    assert "ELOST" in row.codes
    for call in calls:
        assert code_of(call) == "ELOST"
    assert "(ELOST)" in talk.end()


def test_peer_killed(ann, row):
    den, ibiza = ann
    talk, calls = under_way(ann)
    program = den.node.find("cat")
    with Soon(row):
        den.boxd.kill()
        all_lost(row, talk, calls)
    with Soon(row):
        assert "(EUNREACH)" in ibiza.refused("info", "/n/den/null") and "EUNREACH" in row.codes
    assert program and not den.node.find("cat")
    den.boxd.wait()
    den.start_boxd()
    assert den.box("ls", "/fs/notes").split()[0] == "letter"
    assert ibiza.text("/n/den/fs/notes/letter") == "Dear Ann"
    assert not ibiza.has_box("/n/den/fs/notes/new")


def test_link_cut(lab, ann, row):
    den, ibiza = ann
    talk, calls = under_way(ann)
    lab.cut(den.node)
    assert not talk.process.ends_within(0.5)
    lab.mend(den.node)
    talk.answers("nothing is lost")
    lab.cut(den.node)
    try:
        with Soon(row):
            all_lost(row, talk, calls)
        with Soon(row):
            assert "(EUNREACH)" in ibiza.refused("info", "/n/den/null") and "EUNREACH" in row.codes
    finally:
        lab.mend(den.node)
    wait_for(lambda: ibiza.has_box("/n/den/null"), 20, "den to be found again")
    wait_for(lambda: not writes_notes(den), what="den to give the half file up")
    assert not new_files(den, "notes")
    assert ibiza.text("/n/den/fs/notes/letter") == "Dear Ann"


def put_behind_nat(lab, ann):
    """ibiza dials den through a NAT, the process of which is given."""
    den, ibiza = ann
    gate = lab.node("gate")
    nat = gate.spawn(["python3", "-B", NAT, "7000", den.node.ip, "7447"])
    nat.wait_output("ready")
    ibiza.boxd.stop()
    known = ibiza.node.read_file("/home/ann/.local/share/boxland/peers/den").decode()
    ibiza.node.write_file("/home/ann/.local/share/boxland/peers/den",
                          re.sub(r"^at .*$", f"at {gate.ip}:7000", known, flags=re.MULTILINE))
    ibiza.start_boxd()
    return nat


@pytest.mark.two_nodes
def test_address_changed(lab, ann, row):
    """First of who dialled, then of the NAT before him."""
    den, ibiza = ann
    for home in ann:  # whoever dialled before: now it is ibiza
        home.boxd.stop()
        home.start_boxd()
    talk, (feed, put) = under_way(ann)
    with Soon(row):
        lab.move(ibiza.node)
        talk.answers("all streams go on")
        den.op.put("/chan/feed", "so does the feed")
        assert next(feed.parts()) == b"so does the feed"
        put.send(b", and the other half")
        put.end()
        put.read()
    assert den.node.read_file("/home/ann/notes/new") == b"half of it, and the other half"
    den.box("rm", "/fs/notes/new")
    feed.close()
    nat = put_behind_nat(lab, ann)
    behind = Talk(ibiza, den)
    with Soon(row):
        nat.kill(signal.SIGUSR1)
        nat.wait_output("forgot")
        behind.answers("from another port")
    nat.stop()
    behind.process.kill(group=True)
    behind.process.wait()


def test_address_changed_of_who_was_dialled(lab, ann):
    den, ibiza = ann
    for home in ann:
        home.boxd.stop()
        home.start_boxd()
    ibiza.node.write_file("/home/ann/.local/share/boxland/peers/den", re.sub(
        r"^at .*$", f"at {den.node.ip}:7447",
        ibiza.node.read_file("/home/ann/.local/share/boxland/peers/den").decode(),
        flags=re.MULTILINE))
    ibiza.boxd.stop()
    ibiza.start_boxd()
    talk, calls = under_way(ann)
    page = failures()["address changed"]
    with Soon(page):
        lab.move(den.node)
        all_lost(page, talk, calls)
        assert ibiza.has_box("/n/den/null")


def test_clock_wrong_by_a_year(lab, ann, row, program):
    """Machines that are made, paired and used in another year, and one that comes back from it."""
    den, _ = ann
    wrong = {"LD_PRELOAD": program("clock.so")}
    for name, years in (("past", -1), ("future", 1)):
        home = Household(lab.node(name, env={**wrong, "CLOCK_WRONG_S": years * YEAR_S})).start()
        with Soon(row):
            pair(den, home, mine=True)
            assert home.text("/n/den/fs/notes/letter") == "Dear Ann"
            assert den.has_box(f"/n/{name}/null")
            Talk(home, den).process.kill(group=True)
        year = int(home.node.output(["date", "+%Y"])) - int(den.node.output(["date", "+%Y"]))
        assert abs(year) == 1
        home.boxd.stop()
        home.node.env["CLOCK_WRONG_S"] = 0
        home.start_boxd()
        assert home.text("/n/den/fs/notes/letter") == "Dear Ann"
    check_grant_of_the_future(lab, row, program)


def check_grant_of_the_future(lab, row, program):
    """Who asks for a copy between two friends lives a year ahead."""
    wrong = {"LD_PRELOAD": program("clock.so"), "CLOCK_WRONG_S": YEAR_S}
    asker = Household(lab.node("ahead", person="carol", env=wrong)).start()
    ends = [Household(lab.node(f"of-{who}", person=who), boxd_conf=f"store desk /home/{who}\n"
                      "access /fs/desk carol ksgpm\n") for who in ("alice", "bob")]
    for home in (*ends, asker):
        if home is not asker:
            home.start()
        home.box("init", "--person", home.person)
    pair(asker, ends[0])
    pair(asker, ends[1])
    pair(*ends)
    ends[0].node.write_file("/home/alice/letter", "Dear Bob")
    ends[0].box("mk", "/chan/out")
    ends[0].box("chinfo", "/chan/out", "acl", "carol kg")
    ends[0].op.put("/chan/out", b"only once")
    for source, name, text in (("fs/desk/letter", "letter", b"Dear Bob"),
                               ("chan/out", "message", b"only once")):
        with Soon(row):
            done = asker.run("cp", f"/n/alice.of-alice/{source}", f"/n/bob.of-bob/fs/desk/{name}",
                             timeout=30)
        said = done.stderr.decode()
        assert done.returncode == 0, said
        assert ends[1].node.read_file(f"/home/bob/{name}") == text
        apart = int(re.search(r"passes through this machine.* (\d+) s from now", said)[1])
        assert abs(apart - YEAR_S) < 60 and "EPERM" in row.codes


def test_disk_full(ann, row):
    den, ibiza = ann
    ibiza.op.put("/n/den/fs/small/kept", b"old")
    with Soon(row), pytest.raises(Refused) as refused:
        ibiza.op.put("/n/den/fs/small/kept", bytes(2 * SMALL_DISK))
    assert {refused.value.code} == row.codes
    assert ibiza.op.get("/n/den/fs/small/kept") == b"old"
    wait_for(lambda: new_files(den, "small") == ["kept"], what="the room to be given back")
    ibiza.op.put("/n/den/fs/small/kept", bytes(SMALL_DISK // 2))
    den.box("rm", "/fs/small/kept")


def write_parts(home, folder):
    """Some files, together more than the small disk."""
    home.node.run(["sh", "-c", "mkdir -p $1; for i in 0 1 2 3 4 5 6 7; do head -c $2 /dev/urandom > $1/$i; done",
                   "sh", folder, str(SMALL_DISK // 6)])


def disk_of(home, folder):
    """Bytes that a disk has taken, Boxland's own files too."""
    return int(home.node.output(["df", "-B1", "--output=used", folder]).split()[-1])


def test_disk_full_of_a_folder(ann):
    """One that does not fit is not seen at all."""
    den, ibiza = ann
    row = failures()["disk full"]
    den.op.put("/fs/small/kept", b"old")
    before = disk_of(den, "small")
    write_parts(ibiza, "parts")
    with Soon(row):
        told = ibiza.refused("cp", "-r", "parts", "/n/den/fs/small/")
    assert "(EIO)" in told and "No space left on" in told
    assert new_files(den, "small") == ["kept"] and den.op.get("/fs/small/kept") == b"old"
    assert disk_of(den, "small") == before, "the room is given back"
    ibiza.node.run(["rm", *(f"parts/{i}" for i in range(4))])
    ibiza.box("cp", "-r", "parts", "/n/den/fs/small/")
    assert den.node.output(["ls", "small/parts"]).split() == ["4", "5", "6", "7"]
    den.node.run(["rm", "-rf", "small/parts", "small/kept"])


def whole_files(den, there, folder):
    """How many of what is seen here, which must be whole."""
    names = den.node.output(["ls", folder]).split()
    for name in names:
        assert den.node.read_file(f"/home/ann/{folder}/{name}") == there.node.read_file(f"/home/ann/notes/parts/{name}")
    return len(names)


def state_of(home, link):
    return home.op.kind(link).text("state")


def test_disk_full_of_a_replica(ann):
    """What fits is there, whole; the link says what does not, and goes on when there is room."""
    den, ibiza = ann
    row = failures()["disk full"]
    write_parts(ibiza, "notes/parts")
    with Soon(row):
        link = den.box("ln", "/n/ibiza/fs/notes/parts", "/fs/small/parts")
        wait_for(lambda: "No space left on" in state_of(den, link), 2 * row.seconds, "the link to say so")
    assert state_of(den, link).startswith("waiting EIO ")
    assert 0 < whole_files(den, ibiza, "small/parts") < 8
    ibiza.node.run(["sh", "-c", "cd notes/parts; truncate -s 1000 0 1 2 3"])
    wait_for(lambda: state_of(den, link) == "up" and den.op.kind(link).text("title") == "up to date", 60,
             "the link to go on")
    assert whole_files(den, ibiza, "small/parts") == 8
    den.box("rm", link)
    den.node.run(["rm", "-rf", "small/parts"])


def test_disk_full_of_boxds_own(lab, ann):
    """boxd's own folder is full: what it is told meanwhile is kept when there is room."""
    den, _ = ann
    own = "/home/ann/.local/share/boxland"
    home = Household(lab.node("cramped", disks={own: str(SMALL_DISK)}), boxd_conf="store desk /home/ann/desk\n")
    home.node.run(["mkdir", "desk"])
    home.start()
    pair(den, home, mine=True)
    home.node.run(["sh", "-c", f"head -c {2 * SMALL_DISK} /dev/zero > {own}/filler || true"])
    assert den.op.put("/n/cramped/fs/desk/letter", b"Dear Ann") is not None
    link = home.box("ln", "/n/den/fs/notes", "/fs/desk/notes")
    wait_for(lambda: home.node.exists("/home/ann/desk/notes/letter"), 30, "the replica, on another disk")
    home.boxd.wait_output("/links cannot be written, and is tried again")
    home.node.run(["rm", f"{own}/filler"])
    wait_for(lambda: home.node.exists(f"{own}/links"), 30, "the links to be kept")
    home.boxd.kill()
    home.boxd.wait()
    home.start_boxd()
    assert home.has_box(link)
    assert home.text("/n/den/fs/notes/letter") == "Dear Ann"


def reading(home, name):
    """A getmem of which some has been read and most has not left the other side."""
    parts = home.op.call("getmem", name).parts()
    return parts, len(next(parts))


def test_file_vanished_under_a_read(ann, row):
    den, ibiza = ann
    for how, lost in (("rm notes/large", False), ("mv notes/other notes/large", False),
                      ("truncate -s 1000 notes/large", True)):
        den.node.run(["sh", "-c", f"head -c {LARGE} /dev/zero >notes/large; echo >notes/other"])
        parts, size = reading(ibiza, "/n/den/fs/notes/large")
        den.node.run(["sh", "-c", how])
        code = None
        with Soon(row):
            try:
                for part in parts:
                    size += len(part)
            except Refused as refused:
                code = refused.code
        if lost:
            assert {code} == row.codes and size < LARGE
        else:
            assert code is None and size == LARGE
        den.node.run(["rm", "-f", "notes/large", "notes/other"])


def test_two_writers(ann, row):
    den, ibiza = ann
    name = "/n/den/fs/notes/shared"
    with Soon(row):
        first, second = half_put(ibiza, name), half_put(den, "/fs/notes/shared")
        first.send(b" by ibiza")
        second.send(b" by den, which is last")
        for call in (first, second):
            call.end()
            call.read()
        assert ibiza.op.get(name) == b"half of it by den, which is last"
    version = den.op.kind("/fs/notes/shared").text("version")
    came = []

    def write(home, at):
        try:
            home.op.put(at, f"by {home.name}", if_version=version)
            came.append("ok")
        except Refused as refused:
            came.append(refused.code)

    writers = [threading.Thread(target=write, args=args)
               for args in ((ibiza, name), (den, "/fs/notes/shared"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(came) == sorted(["ok", *row.codes])
    den.box("rm", "/fs/notes/shared")


def test_every_row_has_a_test():
    tests = "".join((ROOT / "tests" / path).read_text(encoding="utf-8")
                    for path in ("e2e/test_failures.py", "slow/test_version_skew.py"))
    assert len(failures()) >= 8
    for name in failures():
        assert f"def test_{name.replace(' ', '_')}(" in tests, name
