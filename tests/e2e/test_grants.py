# SPDX-License-Identifier: MIT
"""A copy between two friends' nodes: straight, with a grant for just that; never without. And grants of
each use, signed and brought by a peer that shares no code with boxd: what each is good for, and what not.
"""

import base64
import hashlib
import json
import os
import pathlib
import secrets
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from net.household import Household, pair
from net.place import wait_for
from peer.quic import fingerprint

SIZE = 3 * 1000 * 1000
ASKERS = pathlib.Path(__file__).with_name("askers.py")
LIFE_S = {"once": 600, "link": 86400, "ns": 86400}
SKEW_S = 300


@pytest.fixture(scope="module")
def homes(lab):
    """ibiza is Ann's, who asks; loft is Alice's and pc is Bob's. All three know one another."""
    ibiza = Household(lab.node("ibiza")).start()
    loft = Household(lab.node("loft", person="alice"),
                     boxd_conf="export files /home/alice/files\naccess /fs/files ann ksg\n"
                     "store pool /home/alice/pool\naccess /fs/pool ann ksg\n")
    loft.node.run(["mkdir", "files", "pool"])
    loft.node.write_file("/home/alice/files/large", os.urandom(SIZE))
    pc = Household(lab.node("pc", person="bob"),
                   boxd_conf="store desk /home/bob/desk\naccess /fs/desk ann ksgpml\n")
    pc.node.run(["mkdir", "desk"])
    for home in (loft, pc):
        home.start()
    for home in (ibiza, loft, pc):
        home.box("init", "--person", home.person)
    pair(ibiza, loft)
    pair(ibiza, pc)
    pair(loft, pc)
    return ibiza, loft, pc


def digest(data):
    return hashlib.sha256(data).hexdigest()


def test_friend_to_friend(lab, homes):
    """Not over the asker's line, and at Bob's it is Ann who puts, not Alice."""
    ibiza, loft, pc = homes
    before = lab.port_bytes(ibiza.node)
    ibiza.box("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/large", timeout=60)
    carried = lab.port_bytes(ibiza.node) - before
    sent = digest(loft.node.read_file("/home/alice/files/large"))
    assert digest(pc.node.read_file("/home/bob/desk/large")) == sent
    assert carried < 60 * 1000, f"{carried} bytes on the asker's line"


def test_what_the_asker_may_not(lab, homes):
    """A grant gives what the asker has, and no more."""
    ibiza, loft, pc = homes
    pc.box("chinfo", "/fs/desk", "acl", "ann ks")
    try:
        said = ibiza.refused("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/other")
        assert "ann may not" in said and "EPERM" in said
        assert not pc.node.exists("/home/bob/desk/other")
    finally:
        pc.box("chinfo", "/fs/desk", "acl", "ann ksgpm")


def test_a_replica_outlives_its_boxd(homes):
    """Ann has Bob's machine follow Alice's, who shows Bob nothing: the grant is kept with the link. It is
    for the history, so folders are what there is to see."""
    ibiza, loft, pc = homes
    loft.node.run(["sh", "-c", "mkdir -p pool/notes/one"])
    pc.box("chinfo", "/fs/desk", "acl", "ann ksgpml")
    link = ibiza.box("ln", "/n/alice.loft/fs/pool/notes", "/n/bob.pc/fs/desk/notes").removeprefix("/n/bob.pc")
    wait_for(lambda: pc.node.exists("/home/bob/desk/notes/one"), 30, "the first folder")
    ibiza.boxd.stop()  # who asked for it is away
    pc.boxd.kill()
    pc.boxd.wait()
    loft.node.run(["sh", "-c", "mkdir pool/notes/two"])
    pc.start_boxd()
    try:
        wait_for(lambda: pc.node.exists("/home/bob/desk/notes/two"), 30, "the second folder")
    finally:
        ibiza.start_boxd()
    pc.box("rm", link)


# --- each use, by hand ---

class Machine:
    """What a node's machine proves itself with."""

    def __init__(self, home):
        keys = f"{home.node.home}/.local/share/boxland"
        self.chain = [home.node.read_file(f"{keys}/{name}.crt") for name in ("machine", "person")]
        self.key_pem = home.node.read_file(f"{keys}/machine.key")
        self.key = serialization.load_pem_private_key(self.key_pem, None)
        certs = [x509.load_pem_x509_certificate(pem) for pem in self.chain]
        self.der = [cert.public_bytes(serialization.Encoding.DER) for cert in certs]
        self.by, self.person = (fingerprint(cert.public_key()) for cert in certs)


def grant(signer, use, *, holder, to, verbs, name, since=0, **other):
    """As op.xml says it, from since s before now, for as long as that use may have."""
    begin = int(time.time()) - since
    lines = {"id": secrets.token_hex(16), "person": signer.person, "by": signer.by, "holder": holder,
             "to": to, "verbs": verbs, "name": name, "from": begin, "until": begin + LIFE_S[use],
             "use": use, **other}
    head = "grant/1\n" + "".join(f"{word} {value}\n" for word, value in lines.items()) + "\n"
    signature = signer.key.sign(b"boxland grant/1\0" + head.encode())
    below = [("signature", signature), *(("cert", der) for der in signer.der)]
    return base64.b64encode(head.encode() + b"".join(
        word.encode() + b" " + base64.b64encode(data) + b"\n" for word, data in below)).decode()


@pytest.mark.parametrize("use", LIFE_S)
def test_what_a_grant_is_good_for(homes, use):
    """Ann's machine signs, Alice's brings it, Bob's takes it for that alone. Each that is refused has
    its twin that is not: the good one, which differs in that one thing."""
    ibiza, loft, pc = homes
    letter = "/fs/desk/letter"
    pc.op.put(letter, b"Dear Ann")
    pc.op.put("/fs/desk/other", b"not for her")
    ann, alice, bob = Machine(ibiza), Machine(loft), Machine(pc)
    good = {"holder": alice.by, "to": bob.by, "verbs": "kind getmem", "name": letter}

    def of(signer=ann, **other):
        return ["getmem", letter, {"grant": grant(signer, use, **{**good, **other})}]

    again = of()
    spent = {"once": ["EPERM", "used already"], "link": ["ok", ""], "ns": ["ok", ""]}[use]
    listed = ["selectors", "/fs/desk", {"grant": grant(
        ann, use, **{**good, "verbs": "selectors", "name": "/fs/desk"})}]
    expected = [
        (again, ["ok", ""]),
        (again, spent),
        (of(since=LIFE_S[use] + SKEW_S - 30) if use != "once" else of(), ["ok", ""]),
        (of(since=LIFE_S[use] + SKEW_S + 30), ["EPERM", "the grant ran out"]),
        (of(since=-SKEW_S - 30), ["EPERM", "the grant begins"]),
        (of(until=int(time.time()) + LIFE_S[use] + 5), ["EPERM", f"holds for {LIFE_S[use]} s"]),
        (of(name="/fs/desk/other"), ["EPERM", "the grant is for /fs/desk/other, not for"]),
        (["getmem", "/fs/desk/other", {"grant": grant(ann, use, **good)}],
         ["EPERM", f"the grant is for {letter}, not for"]),
        (of(verbs="kind putmem"), ["EPERM", "the grant is not for getmem"]),
        (of(verbs="kind getmem putmem delete"), ["ok", ""]),
        (["delete", letter, {"grant": grant(ann, use, **{**good, "verbs": "kind delete"})}],
         ["ENOENT", ""]),
        (listed, ["ok", ""] if use == "ns" else ["EPERM", "the grant is not for selectors"]),
        (of(holder=ann.by), ["EPERM", "another machine than came with it"]),
        (of(to=alice.by), ["EPERM", "for another machine than this one"]),
        (of(signer=alice), ["ENOENT", "no such box"]),
        (of(signer=alice, person=ann.person, by=ann.by), ["EPERM", "not signed by whom it names"]),
        (["getmem", letter, {}], ["ENOENT", "no such box"]),
        (again, spent),
    ]
    loft.boxd.stop()  # its machine is the peer's now
    try:
        told = bring(loft, pc, alice, [case for case, _ in expected])
    finally:
        loft.start_boxd()
    wrong = [f"{number}: {code} {said}, not {want}" for number, ((code, said), (_, want))
             in enumerate(zip(told, expected)) if code != want[0] or want[1] not in said]
    assert not wrong, "\n".join(wrong)
    assert pc.op.get(letter) == b"Dear Ann"


def bring(loft, pc, machine, cases):
    """What pc answers to loft's machine, one behind the other."""
    who = f"{loft.node.home}/as"
    loft.node.write_file(f"{who}.chain", b"".join(machine.chain))
    loft.node.write_file(f"{who}.key", machine.key_pem, 0o600)
    argv = ["python3", "-B", ASKERS, "--in-turn", pc.node.ip, "7447",
            pc.box("pair", "--fingerprint"), who]
    return json.loads(loft.node.run(argv, input=json.dumps(cases).encode(), timeout=120).stdout)[0]


def test_nobody_else_by_it(homes):
    """What Alice's node did for Ann it cannot do for Alice; and not for Ann whom Bob forgot."""
    ibiza, loft, pc = homes
    assert "ENOENT" in loft.refused("cp", "files/large", "/n/bob.pc/fs/desk/stolen")
    pc.box("rm", "/peer/ann.ibiza")
    said = ibiza.refused("cp", "/n/alice.loft/fs/files/large", "/n/bob.pc/fs/desk/stolen",
                         timeout=60)
    assert "EPERM" in said and "grant is of a person who is not known" in said
    assert "passes through" not in said  # where she is not known she can carry nothing
    assert not pc.node.exists("/home/bob/desk/stolen")
