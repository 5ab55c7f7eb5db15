# SPDX-License-Identifier: MIT
"""What a friend may do with a processor: nothing unless he is let, and then behind walls, where
nothing of the owner's is seen. And what he makes there is his alone.

den is ann's, pc is bob's, and they are friends. Everybody here is an ordinary user.
"""

import json

import pytest

from net.household import Household, pair
from net.lab import wait_for
from peer.op import Refused

SECRET = "ann's own words"
OP = "/run/user/1000/boxland/op"
# Told as one line, so that what fails is seen whole.
LOOKS_AROUND = r"""
import json, os, pathlib, socket

def inside(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return error.strerror

def reads(path):
    try:
        return open(path).read()
    except OSError as error:
        return error.strerror

def connects(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as it:
        it.settimeout(5)
        try:
            it.connect(address)
        except OSError as error:
            return error.strerror or "timed out"
        return "connected"

sockets = []
for at, _, names in os.walk("/", onerror=lambda error: None):
    if not at.startswith(("/proc", "/usr")):
        sockets += [os.path.join(at, name) for name in names
                    if pathlib.Path(at, name).is_socket()]
status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
print(json.dumps({
    "uid": os.getuid(),
    "home": os.environ["HOME"],
    "homes": inside("/home"),
    "secret": reads("/home/ann/secret"),
    "processes": [open(f"/proc/{pid}/comm").read().strip()
                  for pid in os.listdir("/proc") if pid.isdigit()],
    "sockets": sockets,
    "op": connects(socket.AF_UNIX, "/run/user/1000/boxland/op"),
    "loopback": connects(socket.AF_INET, ("127.0.0.1", 7000)),
    "out": connects(socket.AF_INET, ("@PC@", 7000)),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "env": sorted(os.environ),
    "fds": [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")],
    "capabilities": status["CapEff"].strip(),
    "new_privileges": status["NoNewPrivs"].strip(),
    "left": pathlib.Path("/tmp/left-by-bob").write_text("here"),
    "writes": [path for path in ("/usr", "/etc", "/", "/tmp", "/home/bob", "/run")
               if os.access(path, os.W_OK)],
}))
"""


@pytest.fixture(scope="module")
def homes(lab):
    den, pc = Household(lab.node("den")), Household(lab.node("pc", person="bob"))
    for home in (den, pc):
        home.start_boxd()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    pair(den, pc)
    den.node.write_file(f"{den.node.home}/secret", SECRET)
    return den, pc


def let(homes, letters):
    """Returns when bob's node has heard of it, which is a moment later."""
    den, pc = homes
    den.box("chinfo", "/proc", "acl", f"bob {letters}")

    def heard():
        told = [set(line.split()[-1]) for line in pc.run("ads", "/proc").stdout.decode().splitlines()
                if line.startswith("/n/ann.den/")]
        return told == ([] if letters == "-" else [set(letters)])
    wait_for(heard, 20, f"/proc of den with {letters} in bob's list")


@pytest.fixture
def let_in(homes):
    let(homes, "kms")
    yield
    let(homes, "-")


def on_den(*words):
    return ("run", "-c", "proc!*!*!node=den", "--", *words)


def look_around(den, pc):
    program = LOOKS_AROUND.replace("@PC@", pc.node.ip)
    return json.loads(pc.box(*on_den("python3", "-c", program)))


def test_nobody_here_is_root(homes):
    for home in homes:
        assert home.node.output(["id", "-u"]) == "1000"
        caps = home.node.output(["grep", "CapEff", "/proc/self/status"]).split()[1]
        assert int(caps, 16) == 0


def test_refused_without_rights(homes):
    den, pc = homes
    done = pc.run("run", "-c", "proc!*!*!node=den", "--", "uname", "-n")
    assert done.returncode == 126
    assert "EMATCH" in done.stderr.decode()  # to him it is not there
    done = pc.run("mk", "/n/ann.den/proc/p")
    assert done.returncode == 1
    assert b"ENOENT" in done.stderr
    assert not den.node.find("uname")


def test_seeing_is_not_making(homes):
    _, pc = homes
    let(homes, "k")
    try:
        done = pc.run(*on_den("uname", "-n"))
    finally:
        let(homes, "-")
    assert done.returncode == 126
    said = done.stderr.decode()
    assert "bob" in said and "ann" in said and "EPERM" in said, said


def test_runs_there(homes, let_in):
    _, pc = homes
    done = pc.run(*on_den("sh", "-c", "cat; echo err >&2; exit 3"), input=b"input\n")
    assert (done.returncode, done.stdout, done.stderr) == (3, b"input\n", b"err\n")
    assert pc.run(*on_den("sh", "-c", "kill -TERM $$")).returncode == 128 + 15


def test_walls(homes, let_in):
    den, pc = homes
    # What would be reached without them: somebody listens at each of these doors.
    listeners = [den.node.spawn(["socat", "TCP-LISTEN:7000,bind=127.0.0.1,fork", "STDOUT"]),
                 pc.node.spawn(["socat", "TCP-LISTEN:7000,fork", "STDOUT"])]
    own = den.node.spawn(["sleep", "1000"])
    try:
        for node, ip in ((den.node, "127.0.0.1"), (den.node, pc.node.ip)):
            wait_for(lambda: node.run(["socat", "-u", "OPEN:/dev/null", f"TCP:{ip}:7000"],
                                      check=False).returncode == 0, 10, f"a listener at {ip}")
        seen = look_around(den, pc)
    finally:
        for process in (*listeners, own):
            process.stop()
    assert not den.node.exists("/tmp/left-by-bob")
    assert den.node.read_file(f"{den.node.home}/secret").decode() == SECRET
    assert seen["homes"] == ["bob"] and seen["home"] == "/home/bob"
    assert seen["secret"] == "No such file or directory"
    assert set(seen["processes"]) <= {"bwrap", "python3"}, seen["processes"]
    assert seen["sockets"] == [OP]  # of its own: test_sandbox.py
    assert seen["op"] == "connected"
    assert seen["interfaces"] == ["lo"]
    assert seen["loopback"] == "Connection refused"
    assert seen["out"] == "Network is unreachable"
    assert set(seen["env"]) <= {"HOME", "USER", "PATH", "LANG", "PWD", "LC_CTYPE", "BOX_OP",
                                "XDG_RUNTIME_DIR"}, seen["env"]
    assert all(fd.startswith(("pipe:", "/dev/null", "/proc/")) for fd in seen["fds"]), seen["fds"]
    assert int(seen["capabilities"], 16) == 0 and seen["new_privileges"] == "1"
    # What he can write is made for him and goes with him.
    assert {"/tmp", "/home/bob", "/run"} <= set(seen["writes"]) and "/usr" not in seen["writes"]


def test_the_owner_sees_all_that(homes):
    """That it is the walls: the same program of ann's own on den sees what it looks for."""
    den, pc = homes
    program = LOOKS_AROUND.replace("@PC@", pc.node.ip)
    seen = json.loads(den.box("run", "--", "python3", "-c", program))
    assert seen["secret"] == SECRET and seen["op"] == "connected"
    assert "eth0" in seen["interfaces"] and "boxd" in seen["processes"]


def test_carried_runs_behind_them_too(homes, let_in):
    _, pc = homes
    script = "#!/bin/sh\nls /home; cat /home/ann/secret; uname -n\n"
    pc.node.write_file(f"{pc.node.home}/script", script, mode=0o755)
    done = pc.run(*on_den("./script"))
    assert done.stdout.decode().split()[0] == "bob"
    assert SECRET not in done.stdout.decode()
    assert "No such file" in done.stderr.decode()


def test_what_his_program_needs(homes, let_in):
    """A library that is on bob's machine only: said before anything starts, by name."""
    den, pc = homes
    pc.node.write_file(f"{pc.node.home}/only.c", "int only(void) { return 5; }\n")
    pc.node.write_file(f"{pc.node.home}/uses.c", "int only(void); int main(void) { return only(); }\n")
    pc.node.run(["cc", "-shared", "-fPIC", "-o", "libonly.so.3", "-Wl,-soname,libonly.so.3", "only.c"])
    pc.node.run(["cc", "-o", "uses", "uses.c", "./libonly.so.3"])
    done = pc.run("run", "-e", f"LD_LIBRARY_PATH={pc.node.home}", "--", "./uses")
    assert done.returncode == 5, done.stderr
    done = pc.run(*on_den("./uses"))
    assert done.returncode == 126
    said = done.stderr.decode()
    assert "EMATCH" in said and "needs libonly.so.3, which den has not" in said, said
    assert not den.node.find("bwrap")


def test_what_is_there_is_not_told(homes, let_in):
    """A program that needs a file of ann's hears the same whether it is there or not."""
    den, pc = homes
    home = den.node.home
    den.node.write_file(f"{home}/tool", "#!/no/such/interpreter\n", mode=0o755)

    def told(first, *options):
        pc.node.write_file(f"{pc.node.home}/asks", first + "\n", mode=0o755)
        done = pc.run("run", "-c", "proc!*!*!node=den", *options, "--", "./asks")
        return done.returncode, done.stderr.decode()

    for first, options in ((f"#!/usr/..{home}/%s", ()), ("#!/usr/bin/env %s", ("-e", f"PATH={home}"))):
        status, said = told(first % "tool", *options)
        assert status == 126 and "EMATCH" in said, said
        assert told(first % "none", *options) == (status, said.replace("tool", "none"))
    for name in (f"{home}/tool", f"/usr/..{home}/tool"):
        with pytest.raises(Refused, match="no program") as refused:
            pc.op.make("/n/ann.den/proc/asks", prog=name)
        assert refused.value.code == "ENOENT"


def test_what_he_makes_is_his(homes, let_in):
    """Bob sees his own process and none of ann's; she, whose processor it is, sees and ends his."""
    den, pc = homes
    hers = den.node.spawn(["box", "run", "--", "sleep", "1000"])
    his = pc.node.spawn(["box", *on_den("sleep", "2000")])
    try:
        wait_for(lambda: len(den.node.find("sleep")) == 2, 20, "both programs")
        listed = pc.box("ls", "/n/ann.den/proc").splitlines()
        assert len(listed) == 1 and "sleep:" in listed[0], listed
        names = [line.split()[0] for line in den.box("ls", "/proc").splitlines()]
        assert len(names) == 2, names
        name = listed[0].split()[0].rpartition("/")[2]
        other = next(each.rpartition("/")[2] for each in names if not each.endswith(name))
        assert pc.run("rm", f"/n/ann.den/proc/{other}").returncode == 1
        den.box("rm", f"/proc/{name}")
        assert his.wait() == 128 + 9
        wait_for(lambda: len(den.node.find("sleep")) == 1, 20, "the end of his alone")
    finally:
        for process in (hers, his):
            process.stop()
    wait_for(lambda: not den.node.find("sleep"), 20, "the end of both")


def test_rights_taken_away(homes, let_in):
    _, pc = homes
    assert pc.box(*on_den("uname", "-n"))
    let(homes, "-")
    assert pc.run(*on_den("uname", "-n")).returncode == 126


def test_his_link_cut(lab, homes, let_in):
    den, pc = homes
    his = pc.node.spawn(["box", *on_den("sleep", "3000")])
    wait_for(lambda: den.node.find("sleep"), 20, "the program on den")
    lab.cut(pc.node)
    try:
        assert his.wait(20) == 255
        wait_for(lambda: not den.node.find("sleep"), 20, "the end of the program on den")
        wait_for(lambda: not den.node.find("bwrap"), 10, "the end of its walls")
    finally:
        lab.mend(pc.node)


def test_network_if_she_says_so(homes):
    """Last, since den's boxd is another then."""
    den, pc = homes
    den.boxd.stop()
    den.node.write_file(f"{den.node.home}/.config/boxland/boxd.conf",
                        "sandbox-network yes\naccess /proc bob kms\n")
    den.start_boxd()
    wait_for(lambda: "/n/ann.den/proc" in pc.run("ads", "/proc").stdout.decode(), 60, "den again")
    seen = look_around(den, pc)
    assert "eth0" in seen["interfaces"]
    assert seen["out"] == "Connection refused"  # reached: nobody listens there now
    assert seen["secret"] == "No such file or directory" and seen["processes"] != []
