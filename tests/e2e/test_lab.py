# SPDX-License-Identifier: MIT
"""The laboratory keeps its promises: what a node is, what it shares (a wire), that nothing stays.

Every other end-to-end test believes this one.
"""

import fcntl
import json
import os
import pathlib
import random
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import time
import uuid

import pytest

from net import lab as laboratory
from net.place import within
from net.probe import KINDS

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE = ROOT / "tests/net/probe.py"
DRIVE = ROOT / "tests/net/drive.py"
NAMESPACES = ("user", "mnt", "pid", "ipc", "uts", "net")
MOMENTS = 10  # for each way to end


@pytest.fixture(scope="module")
def den(lab):
    return lab.node("den", person="ann")


@pytest.fixture(scope="module")
def ibiza(lab):
    return lab.node("ibiza", person="bob")


def python(node, script, *words, **options):
    """Runs a script on a node; returns what it printed."""
    return node.output(["python3", "-c", script, *words], **options)


# --- who is there ---------------------------------------------------------------------------------


def test_a_node_has_an_ordinary_person(den, ibiza):
    for node, name in ((den, "ann"), (ibiza, "bob")):
        assert node.output(["id", "-un"]) == name
        assert node.output(["id", "-u"]) == "1000"
        assert node.output(["hostname"]) == node.name
        assert node.output(["sh", "-c", "cd; pwd; stat -c %a ."]) == f"/home/{name}\n700"
        assert node.output(["sh", "-c", "stat -c '%a %U' $XDG_RUNTIME_DIR"]) == f"700 {name}"


def test_nobody_on_a_node_has_capabilities(den):
    for pid in ("self", "1"):
        status = den.output(["cat", f"/proc/{pid}/status"])
        sets = [line.split()[1] for line in status.splitlines() if line.startswith("Cap")]
        assert len(sets) == 5 and set(sets) == {"0" * 16}


def test_nobody_can_become_root(den):
    assert python(den, "print(open('/proc/self/uid_map').read())").split()[::2] == ["1000", "1"]
    code = den.run(["python3", "-c", "import os; os.setuid(0)"], check=False)
    assert code.returncode != 0 and b"OSError" in code.stderr
    assert den.run(["su", "-c", "true"], check=False).returncode != 0


def test_process_1_is_not_the_persons_to_touch(den):
    for argv in (["readlink", "/proc/1/fd/0"], ["cat", "/proc/1/environ"], ["ls", "/proc/1/root/"],
                 ["strace", "-p", "1"]):
        assert den.run(argv, check=False).returncode != 0, argv


def test_programs_are_there_and_read_only(den):
    for path in ("/usr", "/etc", "/", "/run", str(ROOT)):
        done = den.run(["touch", f"{path}/mine"], check=False)
        assert done.returncode != 0, path
    assert den.output(["cat", str(ROOT / "LICENSE")]) == (ROOT / "LICENSE").read_text().rstrip("\n")


def test_dev_is_a_handful(den):
    names = set(den.output(["ls", "/dev"]).split())
    assert names == {"fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin",
                     "stdout", "tty", "urandom", "zero"}


# --- what is shared -------------------------------------------------------------------------------


def test_every_namespace_is_its_own(den, ibiza):
    def spaces(output):
        return dict(zip(NAMESPACES, output.split(), strict=True))

    links = [f"/proc/self/ns/{name}" for name in NAMESPACES]
    seen = [spaces(node.output(["readlink", *links])) for node in (den, ibiza)]
    seen.append(spaces(subprocess.check_output(["readlink", *links], text=True)))
    for name in NAMESPACES:
        assert len({each[name] for each in seen}) == 3, name


def test_nothing_left_on_one_node_is_in_reach_of_the_other(den, ibiza):
    token = uuid.uuid4().hex
    left = den.spawn(["python3", PROBE, "leave", token], stdin=subprocess.PIPE)
    left.wait_output("left")
    assert den.output(["python3", PROBE, "find", token]).splitlines() == list(KINDS)
    assert ibiza.output(["python3", PROBE, "find", token]) == ""
    left.stdin.close()
    assert left.wait() == 0


def test_no_writable_file_system_is_shared(den, ibiza):
    def writable(node):
        found = {}
        for line in node.output(["cat", "/proc/self/mountinfo"]).splitlines():
            _, _, device, _, path, options, *_ = line.split()
            mode = int(node.output(["stat", "-c", "%f", path]), 16)
            # The devices of every Unix (null and its like) are the only nodes of one.
            if "rw" in options.split(",") and not stat.S_ISCHR(mode):
                found[device] = path
        return found

    mine, theirs = writable(den), writable(ibiza)
    assert {"/tmp", "/dev/shm", "/home/ann", "/run/user/1000"} <= set(mine.values())
    shared = {mine[device] for device in mine.keys() & theirs.keys()}
    assert not shared


def test_processes_of_one_node_are_not_in_the_other(den, ibiza):
    sleeper = den.spawn(["sleep", "infinity"])
    assert [process["pid"] for process in den.find("sleep")] == [sleeper.pid]
    assert ibiza.find("sleep") == []
    assert [process["argv"][-2:] for process in ibiza.processes()] == [[str(
        laboratory.LAUNCHER), "3"]]
    sleeper.kill()
    assert sleeper.wait() == -signal.SIGKILL


def test_a_node_sees_loopback_and_its_port(den, ibiza):
    links = [line.split(": ")[1].split("@")[0]
             for line in den.output(["ip", "-o", "link"]).splitlines()]
    assert links == ["lo", "eth0"]
    assert [line.split()[0] for line in den.output(["ip", "route"]).splitlines()] \
        == ["10.77.0.0/24"]
    for target in (ibiza.ip, ibiza.ip6 + "%eth0"):
        den.run(["ping", "-c", "1", "-W", "5", target])


def test_a_node_without_a_cable(lab):
    alone = lab.node("alone", link=None)
    assert [line.split(": ")[1] for line in alone.output(["ip", "-o", "link"]).splitlines()] \
        == ["lo"]
    alone.run(["ping", "-c", "1", "127.0.0.1"])
    lab.remove(alone)


def test_a_sandbox_works_on_a_node(den):
    output = den.output([
        "bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
        "--tmpfs", "/tmp", "--uid", "1000",
        "sh", "-c", "id -u; ls /proc | grep -c '^[0-9]'; ip -o link | wc -l; touch /tmp/x"])
    uid, processes, links = map(int, output.split())
    assert (uid, links) == (1000, 1)
    assert processes <= 5


# --- the wires ------------------------------------------------------------------------------------

SEND = """
import itertools, socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in itertools.count():
    try:
        sock.sendto(b"%d" % number, (sys.argv[1], 5000))
    except OSError:
        pass
    print(number, flush=True)
    time.sleep(0.005)
"""
RECEIVE = """
import socket
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(("", 5000))
print("bound", flush=True)
while True:
    print(sock.recv(100).decode(), flush=True)
"""


def last(process):
    """The last whole line that a counting process has printed, as a number; -1 if there is none."""
    lines = process.output().splitlines(keepends=True)
    numbers = [line for line in lines if line.endswith("\n") and line.strip().isdigit()]
    return int(numbers[-1]) if numbers else -1


@pytest.mark.parametrize("carrier", [True, False], ids=["silent", "unplugged"])
@pytest.mark.parametrize("link", ["LAN", "WAN40"])
def test_a_cut_stops_everything_until_mended(new_lab, node, link, carrier):
    den, ibiza = node("den"), node("ibiza", link=link)
    receiver = ibiza.spawn(["python3", "-c", RECEIVE], log="receive")
    receiver.wait_output("bound")
    sender = den.spawn(["python3", "-c", SEND, ibiza.ip], log="send")
    laboratory.wait_for(lambda: last(receiver) > 20, what="datagrams")

    new_lab.cut(ibiza, carrier=carrier)
    # What the cable held when it was cut may still come; no datagram that is sent from now on.
    sent = last(sender) + 1
    laboratory.wait_for(lambda: last(sender) > sent + 100, what="a hundred datagrams more")
    assert last(receiver) <= sent
    new_lab.mend(ibiza)
    mended = last(sender)
    laboratory.wait_for(lambda: last(receiver) > mended, what="datagrams after mending")


def test_the_switch_shows_what_passes(new_lab, node, artefacts):
    capture = new_lab.capture(artefacts / "switch.pcap")
    den, ibiza = node("den"), node("ibiza")
    receiver = ibiza.spawn(["python3", "-c", RECEIVE], log="receive")
    receiver.wait_output("bound")
    den.run(["python3", "-c", SEND.replace("itertools.count()", "range(3)"), ibiza.ip])
    laboratory.wait_for(lambda: len([frame for frame in capture.frames() if frame.kind == "udp"])
                        == 3, what="three datagrams on the switch")
    seen = capture.stop()
    for frame in seen:
        if frame.kind == "udp":
            assert (frame.source, frame.target, frame.target_port) == (den.ip, ibiza.ip, 5000)
        else:
            assert frame.kind in ("arp", "nd", "mld")
    assert {frame.data[6:12].hex(":") for frame in seen} <= {den.mac, ibiza.mac}


def test_a_long_cable_is_long(node):
    den, ibiza = node("den"), node("ibiza", link="WAN40")
    lines = den.output(["ping", "-c", "10", "-i", "0.05", ibiza.ip]).splitlines()
    fastest = float(lines[-1].split(" = ")[1].split("/")[0])
    assert 40 <= fastest < 45


# Frames of a type of nobody's (IEEE 802, local experiments), in at one end and out at the other.
FRAMES = r"""
import json, select, socket, sys, time
count, size, gap = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
ends = [socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x88b5) for _ in range(2)]
for sock, name in zip(ends, ("left0", "right0")):
    sock.bind((name, 0x88b5))
def send(number):
    ends[0].send(bytes(6) + bytes(6) + b"\x88\xb5" + number.to_bytes(4) + bytes(size - 18))
sent, arrived = {}, {}
def take(wait):
    while select.select([ends[1]], [], [], wait)[0]:
        number = int.from_bytes(ends[1].recv(2000)[14:18])
        if number == END:
            return True
        arrived[number] = time.monotonic()
    return False
END = 1 << 24
for number in range(count):
    while sent and (wait := sent[number - 1] + gap - time.monotonic()) > 0:
        take(wait)
    sent[number] = time.monotonic()
    send(number)
# Frames keep their order, so one of these behind all others, and not lost, closes the list.
while not take(0.05):
    send(END)
print(json.dumps([[number, sent[number], when] for number, when in arrived.items()]))
"""


@pytest.fixture
def through(artefacts, program):
    """through(words, count): what of count frames comes out of a wire: (number, sent, arrived).

    gap is between two frames: a receiver that is slow for a moment must not be taken for a loss.
    """
    place = laboratory.Switch(artefacts)

    def carry(words, count, size=100, gap=0.0003):
        ends = ("left", "right")
        for end in ends:
            place.run(["sh", "-ec", f"ip link add {end}0 type veth peer name {end}1; "
                                    f"ip link set {end}0 up; ip link set {end}1 up"])
        wire = place.spawn([program("wire"), "left1", "right1", *words.split()], log="wire")
        wire.wait_output("ready")
        seen = json.loads(place.output(["python3", "-c", FRAMES, str(count), str(size),
                                        str(gap)]))
        assert wire.stop() == 0
        for end in ends:
            place.run(["ip", "link", "del", f"{end}0"])
        return seen

    yield carry
    place.close()


def test_a_perfect_wire_carries_every_frame_in_order(through):
    seen = through("rate=0", 2000)
    assert [number for number, _, _ in seen] == list(range(2000))


def test_a_wire_loses_the_same_frames_again(through):
    def lost(seed):
        seen = through(f"bad rate=0 delay=1 jitter=0 seed={seed}", 3000)
        return set(range(3000)) - {number for number, _, _ in seen}

    first = lost(1)
    assert lost(1) == first
    assert lost(2) != first
    assert 0.01 < len(first) / 3000 < 0.06  # 3 % in bursts of 4
    bursts = sum(number - 1 not in first for number in first)
    assert 2 < len(first) / bursts < 7


def test_a_wire_has_a_rate(through):
    seen = through("rate=8 queue=1000", 200, size=1000, gap=0)
    # 1024 bytes on the cable at 8 Mbit/s are 1.024 ms.
    took = seen[-1][2] - seen[0][2]
    assert len(seen) == 200 and 0.2 < took < within(0.5)


def test_a_full_queue_drops(through):
    seen = through("rate=8 queue=20", 1000, size=1000, gap=0)
    # What leaves in 20 ms waits, and what leaves while the rest is sent makes room for more.
    sending = seen[-1][1] - seen[0][1]
    assert 15 < len(seen) < (0.02 + sending) / 0.001024 + 5 < 1000


def test_a_wire_is_late_and_keeps_order(through):
    seen = through("rate=0 delay=30 jitter=20 seed=3", 500)
    assert [number for number, _, _ in seen] == list(range(500))
    late = [arrived - sent for _, sent, arrived in seen]
    assert min(late) >= 0.03
    assert max(late) > min(late) + 0.005


def test_a_wire_refuses_nonsense(lab, program):
    for words in (["nowhere0", "nowhere1"], ["lo"], ["lo", "lo", "rate=fast"], ["lo@1/2", "lo"],
                  ["lo", "lo", "speed=1"]):
        done = lab.switch.run([program("wire"), *words], check=False)
        assert done.returncode != 0 and done.stderr.startswith((b"wire: ", b"usage: "))


SEGMENTED = """
import socket, sys
UDP_SEGMENT = 103
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 1200)
sock.sendto(b"1" * 12000, (sys.argv[1], 5000))
"""


def test_large_sends_are_cut_into_frames(new_lab, node, artefacts):
    """What a program hands over in one piece (UDP_SEGMENT) is frames once it is on the wire."""
    den, ibiza = node("den"), node("ibiza", link="WAN40")
    capture = new_lab.capture(artefacts / "switch.pcap")
    receivers = [each.spawn(["python3", "-c", RECEIVE.replace("100", "2000")], log="receive")
                 for each in (den, ibiza)]
    for receiver in receivers:
        receiver.wait_output("bound")
    den.run(["python3", "-c", SEGMENTED, ibiza.ip])
    ibiza.run(["python3", "-c", SEGMENTED, den.ip])
    for receiver in receivers:
        laboratory.wait_for(lambda r=receiver: r.output().count("1" * 1200 + "\n") == 10,
                            what="ten datagrams")
    sizes = {len(frame.data) for frame in capture.stop()
             if frame.kind == "udp" and frame.source == ibiza.ip}
    assert sizes == {14 + 20 + 8 + 1200}


# --- programs -------------------------------------------------------------------------------------


def test_programs_end_as_they_do_at_home(den):
    done = den.run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert den.run(["sh", "-c", "kill -9 $$"], check=False).returncode == -signal.SIGKILL
    assert den.run(["cat"], input=b"\0binary\xff").stdout == b"\0binary\xff"
    with pytest.raises(FileNotFoundError):
        den.run(["no-such-program"])
    with pytest.raises(TimeoutError):
        den.run(["sleep", "infinity"], timeout=0.1)
    assert laboratory.wait_for(lambda: not den.find("sleep"))


def test_pipes_and_signals(den):
    cat = den.spawn(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    cat.stdin.write(b"there\n")
    assert cat.stdout.read(6) == b"there\n"
    cat.kill(signal.SIGTERM)
    assert cat.wait() == -signal.SIGTERM
    assert cat.result["maxrss_kib"] > 0
    tree = den.spawn(["sh", "-c", "sleep infinity & sleep infinity"])
    laboratory.wait_for(lambda: len(den.find("sleep")) == 2)
    tree.kill(signal.SIGTERM, group=True)
    laboratory.wait_for(lambda: not den.find("sleep"))


def test_a_terminal(den):
    shell = den.spawn(["sh", "-c", "stty size; tty; read x; stty size; echo got $x"], tty=(24, 80))
    text = b""
    while text.count(b"\n") < 2:
        text += shell.terminal.read(1000)
    assert text.split() == [b"24", b"80", b"/dev/pts/0"]
    fcntl.ioctl(shell.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    shell.terminal.write(b"word\n")
    assert shell.wait() == 0
    text = b""
    with pytest.raises(OSError, match="Input/output"):  # how a terminal ends
        while True:
            text += shell.terminal.read(1000)
    assert text.split() == [b"word", b"30", b"100", b"got", b"word"]


def test_files_and_sockets(den):
    den.write_file("/home/ann/note", "text")
    assert den.read_file("/home/ann/note") == b"text"
    assert den.output(["stat", "-c", "%U", "note"]) == "ann"
    assert not den.exists("/home/ann/none")
    server = den.spawn(["socat", "UNIX-LISTEN:/tmp/echo", "EXEC:cat"])
    den.wait_file("/tmp/echo")
    with den.connect("/tmp/echo") as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        sock.sendall(b"echo")
        assert sock.recv(10) == b"echo"
    assert server.wait() == 0


def test_a_removed_node_is_gone_for_everyone(new_lab, node):
    den, ibiza = node("den"), node("ibiza", link="WAN40")
    sleeper = ibiza.spawn(["sleep", "infinity"])
    new_lab.remove(ibiza)
    assert sleeper.wait() == -signal.SIGKILL
    with pytest.raises(OSError):
        ibiza.run(["true"])
    assert "uplink" not in new_lab.switch.output(["ip", "-o", "link"])
    assert den.run(["ping", "-c", "1", "-W", "1", ibiza.ip], check=False).returncode != 0
    again = node("ibiza")
    den.run(["ping", "-c", "1", "-W", "5", again.ip])


# --- what is left ---------------------------------------------------------------------------------


@pytest.fixture
def yard(artefacts):
    """A place of its own to run a driver in: what survives the driver is plain to see there."""
    place = laboratory.Switch(artefacts / "yard")
    yield place
    place.close()


def traces(yard):
    """What a driver could leave on the machine."""
    return {
        "processes": [(process["pid"], process["argv"]) for process in yard.processes()],
        "mounts": yard.read_file("/proc/self/mountinfo"),
        "interfaces": yard.output(["ip", "-o", "link"]),
        **{path: sorted(os.listdir(path)) for path in ("/tmp", "/run", "/dev/shm", "/var/tmp")},
    }


def drive(yard, artefacts, program, *words):
    return yard.spawn([sys.executable, DRIVE, artefacts, program("wire"), *words], log="drive")


def test_nothing_is_left_after_a_good_end(yard, artefacts, program):
    before = traces(yard)
    assert len(before["processes"]) == 1
    driver = drive(yard, artefacts, program, "once")
    assert driver.wait() == 0
    assert traces(yard) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL],
                         ids=lambda number: number.name)
def test_nothing_is_left_after_a_bad_end(yard, artefacts, program, number):
    before = traces(yard)
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    start = time.monotonic()
    assert drive(yard, artefacts, program, "once").wait() == 0
    whole = time.monotonic() - start
    for _ in range(MOMENTS):
        driver = drive(yard, artefacts, program)
        # The moment is what is tested: anywhere in the driver's start, or while all is up.
        driver.ends_within(moments.uniform(0, whole))
        driver.kill(number)
        # Python drops an interrupt that falls into a destructor; a person would press again.
        if number == signal.SIGINT and not driver.ends_within(within(5)):
            driver.kill(number)
        assert driver.wait() != 0
        laboratory.wait_for(lambda: len(yard.processes()) == 1, what="every process to end")
        assert traces(yard) == before
    # And the next start finds nothing in its way.
    assert drive(yard, artefacts, program, "once").wait() == 0
    assert traces(yard) == before
