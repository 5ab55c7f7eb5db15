# SPDX-License-Identifier: MIT
"""What anybody may send to a boxd: each is told a code and a sentence, or nothing, and when ten
thousand have been, boxd has no more memory, descriptors and threads than it had.

The same of the framing alone, in memory and case by case, is tests/unit/net/test_bad_input.c.
"""

import datetime
import itertools
import json
import pathlib
import socket
import struct
from dataclasses import dataclass

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from net.household import Household, pair
from net.lab import wait_for

SOCKET = "/run/user/1000/boxland/op"
PORT = 7447
TIMES, HANDSHAKES = 10000, 1000
MORE_KIB = 256  # at most, of memory, after the first tenth
BAD_CERTIFICATE, UNKNOWN_CA = 0x100 + 42, 0x100 + 48  # TLS alerts as QUIC says them
FLOOD = pathlib.Path(__file__).with_name("flood.py")
STRANGERS = pathlib.Path(__file__).with_name("strangers.py")
GARBAGE = """
import random, socket, sys
noise = random.Random(int(sys.argv[3]))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as it:
    it.connect((sys.argv[1], int(sys.argv[2])))
    for n in range(int(sys.argv[4])):
        # Of every size, and a third that begin as a long header, a short one, a first packet do.
        data = bytearray(noise.randbytes(noise.choice((1, 20, 43, 200, 1200, 1472))))
        if n % 3 == 0:
            data[:6] = bytes((0xc0 | data[0] & 0x3f, 0, 0, 0, 1, 8))[:len(data)]
        try:
            it.send(data)
        except ConnectionRefusedError:
            sys.exit("nobody is there any more")
"""


@dataclass
class Bad:
    """What is sent to boxd's socket, and how the answer begins."""

    name: str
    sent: bytes
    answer: bytes
    half: bool = False  # and no more will come


CASES = [
    Bad("unknown verb", b"op/1 fly\nname /null\n\n", b'no EUNSUPP no verb "fly"'),
    Bad("oversized head", b"op/1 kind\nname /null\nx " + b"1" * 16384 + b"\n\n",
        b"no E2BIG a head has at most 16384 bytes"),
    Bad("name with ..", b"op/1 getmem\nname /fs/../etc/passwd\n\n",
        b'no EARG name: a name is absolute and has no component ".."'),
    Bad("name with ..", b"op/1 getmem\nname /n/den/../null\n\n",
        b'no EARG name: a name is absolute and has no component ".."'),
    Bad("byte under 0x20", b"op/1 kind\nname /nu\\x1fll\n\n",
        b"no EARG name: a name is UTF-8 without control characters"),
    Bad("byte 0x7f", b"op/1 kind\nname /nu\\x7fll\n\n",
        b"no EARG name: a name is UTF-8 without control characters"),
    Bad("truncated body", b"op/1 putmem\nname /chan/kept\nbody 10\n\nfour",
        b"no EARG the request stops 6 bytes before the end of its body", half=True),
    Bad("truncated chunks", b"op/1 putmem\nname /chan/kept\nbody chunks\n\n\0\0\0\7four",
        b"no EARG the request stops before the end mark of its body", half=True),
    Bad("lying length", b"op/1 putmem\nname /null\nbody 4\n\nfour and more",
        b"no EARG bytes follow the end of the request"),
    Bad("lying chunk", b"op/1 putmem\nname /null\nbody chunks\n\n\xff\xff\xff\xff",
        b"no E2BIG a chunk of 4294967295 bytes: send at most 1048576 at once"),
    Bad("no such display", b"op/1 putmem\nname /display/9\nbody frames\n\n",
        b"no ENOENT no such box /display/9 (box ls"),
    Bad("no such program", b"op/1 make\nname /proc/pCOUNT\nprog no-such-program\nbody frames\n\n",
        b"no ENOENT no program no-such-program on den"),
]


@pytest.fixture(scope="module")
def homes(lab):
    den, pc = Household(lab.node("den")), Household(lab.node("pc", person="bob"))
    den.start_boxd()
    pc.start_boxd()
    den.box("init", "--person", "ann")
    pc.box("init", "--person", "bob")
    den.box("mk", "/chan/kept")
    return den, pc


def ask(den, bad):
    """The whole answer to what is sent."""
    with den.node.connect(SOCKET) as sock:
        return ask_on(sock, bad)


def ask_on(sock, bad):
    sock.settimeout(20)
    try:
        sock.sendall(bad.sent)
        if bad.half:
            sock.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        pass  # the answer came first, and is there
    answer = b""
    while b"\n\n" not in answer:
        try:
            more = sock.recv(65536)
        except ConnectionResetError:
            break
        if not more:
            break
        answer += more
    return answer


def used(home):
    """Memory in KiB, descriptors and threads of a node's boxd."""
    pid = home.boxd.pid
    # Exact, as VmRSS of status is not; and Pss would count what a child of it shares only in part.
    rollup = home.node.read_file(f"/proc/{pid}/smaps_rollup").decode()
    rss = int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Rss:")))
    status = home.node.read_file(f"/proc/{pid}/status").decode()
    threads = int(next(line.split()[1] for line in status.splitlines()
                       if line.startswith("Threads:")))
    return rss, len(home.node.output(["ls", f"/proc/{pid}/fd"]).split()), threads


def nothing_is_left(home, send, times):
    """Sends a tenth, looks, sends the rest, and looks again. What the allocator keeps for the next
    time may come late, but once: what is lost is lost each time, so then the rest is sent again."""
    send(times // 10)
    wait_settled(home)
    before = used(home)
    for again in (True, False):
        send(times - times // 10)
        wait_for(lambda: used(home)[1:] == before[1:], 20, f"descriptors and threads as {before}")
        after = used(home)
        if after[0] <= before[0] + MORE_KIB:
            break
        assert again, f"from {before} to {after}"
        before = after
    assert home.box("run", "--", "echo", "well") == "well"


def wait_settled(home):
    """Until what was sent has been dealt with: the last of it is when no descriptor goes any more."""
    last = [None]

    def same():
        last.append(used(home)[1])
        return last[-1] == last[-2]
    wait_for(same, 20, "boxd to come to rest")


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_told(homes, bad):
    den, _ = homes
    answer = ask(den, bad).decode()
    assert answer.startswith(bad.answer.decode()), answer
    code, _, sentence = answer.split("\n", 1)[0].removeprefix("no ").partition(" ")
    assert code.startswith("E") and len(sentence) > 12


def test_nonsense_to_a_program(homes):
    """A program runs already when its input turns out to be nonsense: both are over at once."""
    den, _ = homes
    with den.node.connect(SOCKET) as sock:
        sock.settimeout(20)
        sock.sendall(b"op/1 make\nname /proc/p\nprog cat\nbody frames\n\n")
        answer = b""
        while b"\n\n" not in answer:
            answer += sock.recv(65536)
        assert answer.startswith(b"ok ") or answer.startswith(b"ok\n"), answer
        sock.sendall(struct.pack(">IBBHIIQ", 1 << 30, 8, 0, 0, 0, 0, 0))
        assert b"legacy" not in sock.recv(65536)
    wait_for(lambda: not den.node.find("cat"), 20, "the end of cat")


def test_what_was_cut_is_not_there(homes):
    """Nothing of a message that was cut is in the channel: what is got from it was put whole."""
    den, _ = homes
    for name in ("truncated body", "truncated chunks"):
        ask(den, next(case for case in CASES if case.name == name))
    den.run("cp", "-", "/chan/kept", input=b"whole", check=True)
    assert den.text("/chan/kept") == "whole"


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_nothing_is_left(homes, bad):
    den, _ = homes

    def send(times):
        den.node.run(["python3", FLOOD, SOCKET, str(times), str(int(bad.half)),
                      bad.answer.decode()], input=bad.sent, timeout=120)
    nothing_is_left(den, send, TIMES)


# --- over the network ---


def certificate(name, key, issuer, issuer_key, is_person):
    begin = datetime.datetime(2000, 1, 1)
    name, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)])
                    for each in (name, issuer))
    return (x509.CertificateBuilder().subject_name(name).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(begin).not_valid_after(datetime.datetime(9999, 12, 31))
            .add_extension(x509.BasicConstraints(is_person, None), True)
            .sign(issuer_key, None))


def stranger(node, name, signed_by_another=False):
    """Writes a chain [machine, person] and the machine's key on a node; their paths."""
    person_key, machine_key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signing = Ed25519PrivateKey.generate() if signed_by_another else person_key
    person = certificate("mallory", person_key, "mallory", person_key, True)
    machine = certificate("den", machine_key, "mallory", signing, False)
    pem = serialization.Encoding.PEM
    chain, key = f"{node.home}/{name}.chain", f"{node.home}/{name}.key"
    node.write_file(chain, machine.public_bytes(pem) + person.public_bytes(pem))
    node.write_file(key, machine_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return chain, key


@pytest.mark.parametrize("name, error", [("wrong-key", BAD_CERTIFICATE),
                                         ("unpaired-peer", UNKNOWN_CA)])
def test_strangers(homes, name, error):
    """A machine whose certificate its person has not signed, and one of a person not known here."""
    den, pc = homes
    chain, key = stranger(pc.node, name, signed_by_another=error == BAD_CERTIFICATE)

    def send(times):
        seen = json.loads(pc.node.output(
            ["python3", STRANGERS, den.node.ip, str(PORT), chain, key, str(times)], timeout=120))
        assert seen == {str(error): times}
    nothing_is_left(den, send, HANDSHAKES)


def test_garbage(homes):
    """Nothing is said to noise; what comes next is served."""
    den, pc = homes
    seeds = itertools.count()

    def send(times):
        pc.node.run(["python3", "-c", GARBAGE, den.node.ip, str(PORT), str(next(seeds)),
                     str(times)], timeout=60)
    nothing_is_left(den, send, TIMES)


def test_forgotten(homes):
    """Who was paired and is not any more is told so, and what to do."""
    den, pc = homes
    pair(den, pc)
    den.box("chinfo", "/null", "acl", "bob k")
    assert pc.has_box("/n/ann.den/null")
    den.box("rm", "/peer/bob.pc")
    said = pc.refused("info", "/n/ann.den/null")
    assert "box pair" in said and "(EPERM)" in said, said
