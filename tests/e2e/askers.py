# SPDX-License-Identifier: MIT
"""One request of each verb, and what it comes to; asked by a test, or by anybody who has a certificate.

    python3 askers.py [--in-turn] HOST PORT FINGERPRINT WHO... < cases

Runs on a node, and asks the boxd there over QUIC (peer/quic.py) as each machine whose certificates and
key are in the PEM files WHO.chain and WHO.key: each case of a JSON list, [verb, box, {field: value}],
many at once, or in turn. Prints for each machine what they came to.
"""

import concurrent.futures
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from peer.op import Lost, Op, Refused, build  # noqa: E402  (the path comes first)

# For a place where there is no Python of ours: asks what it is given, one JSON list of whole requests,
# and prints how each answer begins.
ANYWHERE = r"""
import json, os, socket, sys

def ask(request):
    with socket.socket(socket.AF_UNIX) as it:
        it.settimeout(30)
        it.connect(os.environ["BOX_OP"])
        it.sendall(request.encode())
        return it.makefile(errors="replace").readline().strip()

print(json.dumps([ask(request) for request in json.load(sys.stdin)]))
"""
AT_A_TIME = 100  # of 128 exchanges that a peer may have


def request(verb, box, to):
    """(name, body, fields) of a request that would do something."""
    fields = {
        "copy": {"to": to},
        "link": {"device": to},
        "make": {"type": "dir"} if "/fs/" in box else {},
        "chinfo": {"acl": ["eve k"]},
    }.get(verb, {})
    return box + "/new" if verb == "make" else box, b"bytes" if verb == "putmem" else None, fields


def encoded(verb, box, to="/null"):
    """The request whole, as text."""
    name, body, fields = request(verb, box, to)
    head = build("request", verb, name=name, body=None if body is None else len(body), **fields)
    return (head.encode() + (body or b"")).decode()


def ask(op, verb, box, to="/null", **more):
    """What a request comes to: "ok", the code, or "lost"."""
    return answer(op, verb, box, to, **more)[0]


def answer(op, verb, box, to="/null", **more):
    """The same, and the sentence."""
    name, body, fields = request(verb, box, to)
    try:
        with op.call(verb, name, body, **{**fields, **more}) as call:
            call.reply
            if verb in ("copy", "getmem"):
                call.read()
        return "ok", ""
    except Refused as refused:
        return refused.code, refused.sentence
    except (Lost, ConnectionError) as lost:
        return "lost", str(lost)


def ask_as(who, address, fingerprint, cases, at_a_time):
    from peer.quic import Carrier  # needed on nodes only

    with Carrier(*address, f"{who}.chain", f"{who}.key", fingerprint) as way, \
            concurrent.futures.ThreadPoolExecutor(at_a_time) as threads:
        op = Op(way.connect)
        asked = [threads.submit(answer, op, verb, box, **fields) for verb, box, fields in cases]
        return [each.result() for each in asked]


def main(*words):
    at_a_time = 1 if words[0] == "--in-turn" else AT_A_TIME
    host, port, fingerprint, *everybody = words[at_a_time == 1:]
    cases = json.load(sys.stdin)
    print(json.dumps([ask_as(who, (host, int(port)), fingerprint, cases, at_a_time)
                      for who in everybody]))


if __name__ == "__main__":
    main(*sys.argv[1:])
