# SPDX-License-Identifier: MIT
"""Reads what tcpdump wrote: Ethernet frames, and of each only what a test asks about."""

import dataclasses
import ipaddress
import struct

MAGIC = {b"\xd4\xc3\xb2\xa1": ("<", 1e-6), b"\xa1\xb2\xc3\xd4": (">", 1e-6),
         b"\x4d\x3c\xb2\xa1": ("<", 1e-9), b"\xa1\xb2\x3c\x4d": (">", 1e-9)}
ETHERTYPES = {0x0800: "ipv4", 0x0806: "arp", 0x86dd: "ipv6"}
PROTOCOLS = {1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "icmp6"}
NEIGHBOUR_DISCOVERY = range(133, 138)  # RFC 4861
MULTICAST_LISTENER = (130, 131, 132, 143)  # RFC 2710, RFC 3810


@dataclasses.dataclass(frozen=True)
class Frame:
    """One frame. kind is arp, nd, mld, icmp, icmp6, igmp, tcp, udp, or a number as text."""

    time: float
    kind: str
    source: str
    target: str
    source_port: int | None
    target_port: int | None
    data: bytes


def frames(data):
    """The whole frames in a capture, which may still be growing."""
    if len(data) < 24:
        return
    order, unit = MAGIC[data[:4]]
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, kept, _ = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if at + kept > len(data):
            return
        yield _frame(seconds + fraction * unit, data[at:at + kept])
        at += kept


def _frame(time, data):
    kind = ETHERTYPES.get(int.from_bytes(data[12:14]), f"ether-{data[12:14].hex()}")
    source, target = data[6:12].hex(":"), data[0:6].hex(":")
    body = data[14:]
    if kind == "ipv4":
        protocol, source, target = body[9], _address(body[12:16]), _address(body[16:20])
        # Only the first fragment has ports.
        first = int.from_bytes(body[6:8]) & 0x1fff == 0
        body = body[(body[0] & 15) * 4:] if first else b""
    elif kind == "ipv6":
        protocol, source, target = body[6], _address(body[8:24]), _address(body[24:40])
        body = body[40:]
        if protocol == 0:  # hop-by-hop options, which multicast listener reports carry
            protocol, body = body[0], body[(body[1] + 1) * 8:]
    else:
        return Frame(time, kind, source, target, None, None, data)
    kind = PROTOCOLS.get(protocol, f"ip-{protocol}")
    if kind == "icmp6" and body:
        kind = ("nd" if body[0] in NEIGHBOUR_DISCOVERY else
                "mld" if body[0] in MULTICAST_LISTENER else kind)
    ports = struct.unpack("!HH", body[:4]) if kind in ("tcp", "udp") and len(body) >= 4 \
        else (None, None)
    return Frame(time, kind, source, target, *ports, data)


def _address(packed):
    return str(ipaddress.ip_address(packed))
