# SPDX-License-Identifier: MIT
"""Routers as homes have them, in nft's words: what goes out is let back in, nothing else is.

    home = lab.router("home")                       keeps a machine's port, whomever it speaks to
    hotel = lab.router("hotel", symmetric=True)     gives it another port towards each
    lab.put_behind(den, home)

Plugging is lab.py's.
"""

RULES = """
table ip nat {{
    chain out {{
        type nat hook postrouting priority srcnat
        oifname eth0 masquerade {how}
    }}
}}
table ip filter {{
    chain in {{
        type filter hook input priority filter; policy drop
        iifname != eth0 accept
        ct state established,related accept
    }}
    chain through {{
        type filter hook forward priority filter; policy drop
        iifname != eth0 accept
        ct state established,related accept
    }}
}}
"""

BLOCK_UDP = """
table inet blocked {{
    chain drops {{
        type filter hook {hook} priority -10
        meta l4proto udp drop
    }}
}}
"""


def rules(symmetric):
    """The rules of a router."""
    return RULES.format(how="random,fully-random" if symmetric else "")


def block_udp(hook):
    """Rules that drop UDP: of a firewall on the machine itself (output), or on the way (forward)."""
    return BLOCK_UDP.format(hook=hook)
