# SPDX-License-Identifier: MIT
"""The launcher: makes the namespaces of one place and becomes, by init.py, process 1 in them.

    python3 node.py FD

FD is the place's end of a channel; its first packet says what to make:

    {"kind": "switch"}  a network of its own for the switch, with every right over it and the
                        files of whoever started it
    {"kind": "node", "name", "person", "uid", "share", "devices", "sockets", "disks"}
                        a machine of its own for an ordinary person: user, mount, pid, ipc, uts and
                        network namespaces, no capability, private files (rootfs.py)

It stays outside as the parent of process 1: it ends when that has ended with all its processes, and
its own end is theirs. Process 1 ends with the channel. So nothing here outlives the test that asked
for it, however that ends. Addresses and wires are lab.py's work.
"""

import os
import signal
import socket
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from net import channel, init, kernel, rootfs  # noqa: E402  (the path comes first)

CAP_SYS_ADMIN = 21


def main():
    os.umask(0o022)
    sock = socket.socket(fileno=int(sys.argv[1]))
    sock.set_inheritable(False)
    config, _ = channel.receive(sock)
    if config is None:
        return 0
    try:
        prepare = {"switch": make_switch, "node": make_node}[config["kind"]](config)
    except OSError as error:
        return refuse(sock, error)
    pid = os.fork()
    if pid == 0:
        try:
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            prepare()
            channel.send(sock, {"ready": True})
        except OSError as error:
            os._exit(refuse(sock, error))
        init.Init(sock).serve()
    sock.close()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGKILL))
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _, status = os.waitpid(pid, 0)
    return 0 if os.waitstatus_to_exitcode(status) == 0 else 1


def refuse(sock, error):
    """Tells the test why there is no such place."""
    channel.send(sock, {"error": f"cannot make the place: {error}", "errno": error.errno})
    return 1


def unshare(flags, uid=None, gid=None):
    """Leaves namespaces. With CLONE_NEWUSER, uid and gid inside are the process's own outside."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    os.unshare(flags)
    if flags & os.CLONE_NEWUSER:
        for file, line in (("setgroups", "deny"), ("uid_map", f"{uid} {outer_uid} 1"),
                           ("gid_map", f"{gid} {outer_gid} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                out.write(line)


def make_switch(_config):
    """The switch keeps the rights it came with, or gets those over its own namespaces."""
    flags = os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWNET
    if not kernel.has_capability(CAP_SYS_ADMIN):
        flags |= os.CLONE_NEWUSER
    unshare(flags, 0, 0)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)

    def prepare():
        kernel.mount("proc", "/proc", "proc",
                     kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
        # A switch says nothing of its own on the wire.
        set_network("ipv6/conf/all/disable_ipv6", "1")
        set_network("ipv6/conf/default/disable_ipv6", "1")

    return prepare


def make_node(config):
    """The files while the rights are there, then a lesser user, then the namespaces."""
    uid, gid = outer_person(config["uid"])
    unshare(os.CLONE_NEWNS)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    rootfs.build(config, uid, gid)
    if uid != os.geteuid():
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        # After the change the kernel would keep us from our own /proc/self/uid_map.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWIPC
            | os.CLONE_NEWUTS | os.CLONE_NEWNET, rootfs.UID, rootfs.GID)

    def prepare():
        socket.sethostname(config["name"])
        rootfs.enter()
        kernel.new_session_keyring()
        set_network("ipv4/ping_group_range", f"{rootfs.GID} {rootfs.GID}")
        # Addresses are ours to give and known to be free: no second is spent on asking.
        set_network("ipv6/conf/default/accept_dad", "0")
        set_network("ipv6/conf/default/router_solicitations", "0")
        kernel.drop_all_capabilities()
        # The person may not look into process 1, which holds the channel.
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)

    return prepare


def outer_person(uid):
    """The uid and gid that the node's person has out here: the wished one where there is one."""
    with open("/proc/self/uid_map", encoding="ascii") as table:
        for line in table:
            start, _, count = map(int, line.split())
            if os.geteuid() == 0 and start <= uid < start + count:
                return uid, uid
    return os.geteuid(), os.getegid()


def set_network(name, value):
    """Writes a setting of the network namespace."""
    with open(f"/proc/sys/net/{name}", "w", encoding="ascii") as out:
        out.write(value)


if __name__ == "__main__":
    sys.exit(main())
