# SPDX-License-Identifier: MIT
"""A peer that shares no code with boxd: the same rules hold for it over a unix socket and over QUIC,
for the owner, for another machine of hers and for a friend who may do little; and they do not hold
for a boxd with a bug in how it reads what is said to it.
"""

import json
import re
import shlex
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

from evidence import BUILD, ROOT
from net.household import Household
from peer.quic import make_identity

CONFORM = ROOT / "tests/peer/conform.py"
SOCKET, KEYS = "/run/user/1000/boxland/op", "/home/ann/.local/share/boxland"
FRIEND = ["access / carol ks", "access /null carol kgp", "access /chan carol ks", "access /fs carol kl"]


@pytest.fixture(scope="module")
def homes(lab):
    """den's boxd, which knows carol, and a node that has no Boxland but Python."""
    den, pc = Household(lab.node("den"), boxd_conf="\n".join(FRIEND) + "\n"), lab.node("pc")
    den.start_boxd()
    den.box("init", "--person", "ann")
    *identity, person = make_identity("laptop", "carol")
    write_identity(pc, "carol", *identity)
    den.boxd.stop()
    den.node.run(["mkdir", "-p", f"{KEYS}/persons"])
    den.node.write_file(f"{KEYS}/persons/carol", f"key {person}\n", 0o600)
    den.start_boxd()
    ann_key = serialization.load_pem_private_key(den.node.read_file(f"{KEYS}/person.key"), None)
    write_identity(pc, "ann", *make_identity("tablet", "ann", ann_key)[:2])
    return den, pc


def write_identity(node, name, chain, key):
    node.write_file(f"{node.home}/{name}.chain", chain)
    node.write_file(f"{node.home}/{name}.key", key, 0o600)


def rules_hold(node, *where):
    """Runs all rules on a node; how many hold, and what was said of those that do not."""
    done = node.run(["python3", "-B", CONFORM, *where], check=False, timeout=120)
    said = done.stdout.decode() + done.stderr.decode()
    count = re.search(r"^(\d+) of (\d+) rules hold$", said, re.MULTILINE)
    assert done.returncode == 0 and count and count[1] == count[2], said
    return int(count[1])


def over_quic(homes, who):
    den, pc = homes
    fingerprint = den.box("pair", "--fingerprint").split()[-1]
    return rules_hold(pc, "quic", den.node.ip, "7447", f"{pc.home}/{who}.chain",
                      f"{pc.home}/{who}.key", fingerprint)


def test_rules_hold_over_both_carriers(homes):
    counts = {rules_hold(homes[0].node, "unix", SOCKET), over_quic(homes, "ann"),
              over_quic(homes, "carol")}
    assert len(counts) == 1 and counts.pop() > 500


def test_a_friend_sees_what_she_may(homes):
    """That the rules of rights ask anything: the friend's letters are those of the list."""
    den, pc = homes
    script = ("import sys; sys.path.insert(0, sys.argv[1])\n"
              "from peer.op import Op; from peer.quic import Carrier\n"
              "with Carrier(sys.argv[2], 7447, sys.argv[3], sys.argv[4], sys.argv[5]) as way:\n"
              "    for name, entry in Op(way.connect).list('/'):\n"
              "        print(name, entry.text('letters'))\n")
    seen = pc.output(["python3", "-B", "-c", script, ROOT / "tests", den.node.ip,
                      f"{pc.home}/carol.chain", f"{pc.home}/carol.key",
                      den.box("pair", "--fingerprint").split()[-1]])
    letters = dict(line.split() for line in seen.splitlines())
    assert {name: set(letters[name]) for name in ("/null", "/chan", "/fs")} == {
        "/null": set("kgp"), "/chan": set("ks"), "/fs": set("kl")}


# --- bugs, one at a time, in the C codec: each must be seen from outside ---

MUTANTS = {  # (file, what stands there, what is put there)
    "none": ("protocols/box/op.c", "", ""),
    "escapes-swapped": ("protocols/box/op.c", "high << 4 | low", "low << 4 | high"),
    "field-repeated": ("protocols/box/op.c", "decoder->seen[field])",
                       "decoder->seen[field] && false)"),
    "body-one-short": ("protocols/net/exchange_read.c",
                       "op_body_of(&head, &exchange->in_left);",
                       "op_body_of(&head, &exchange->in_left);\n"
                       "\texchange->in_left -= exchange->in_left > 1;"),
}


def make_mutant(name):
    """A boxd with that bug: one file compiled anew, and linked with the rest as it was built. The
    folder that it is in."""
    file, old, new = MUTANTS[name]
    text = (ROOT / file).read_text(encoding="utf-8")
    assert not old or text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
    folder = BUILD / "mutants" / name
    folder.mkdir(parents=True, exist_ok=True)
    source, object_file, program = (folder / each for each in ("mutant.c", "mutant.o", "boxd"))
    source.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    known = next(entry for entry in json.loads((BUILD / "compile_commands.json").read_text())
                 if (BUILD / entry["file"]).resolve() == ROOT / file)
    words = shlex.split(known["command"])
    words[words.index("-o") + 1], words[words.index("-c") + 1] = object_file, source
    words[words.index("-MF") + 1] = folder / "mutant.d"
    subprocess.run([*words, f"-I{(ROOT / file).parent}"], cwd=BUILD, check=True)
    # The archives' own object of that file is not asked for any more: its symbols are there.
    link = shlex.split(subprocess.run(["ninja", "-t", "commands", "boxd/boxd"], cwd=BUILD, check=True,
                                      capture_output=True, text=True).stdout.splitlines()[-1])
    at = link.index("-o")
    subprocess.run([*link[:at], "-o", program, object_file, *link[at + 2:]], cwd=BUILD, check=True)
    return folder


@pytest.mark.parametrize("name", MUTANTS)
def test_a_bug_in_the_codec_is_caught(lab, name):
    path = f"{make_mutant(name)}:{lab.env['PATH']}"
    node = lab.node(name, env={"PATH": path})
    home = Household(node)
    home.start_boxd()
    assert f"mutants/{name}/boxd" in node.output(["readlink", f"/proc/{home.boxd.pid}/exe"])
    if name == "none":
        rules_hold(node, "unix", SOCKET)
    else:
        with pytest.raises(AssertionError, match="rules hold"):
            rules_hold(node, "unix", SOCKET)
