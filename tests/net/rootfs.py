# SPDX-License-Identifier: MIT
"""The files a node sees: the machine's programs, read-only, and everything else its own.

build() runs while the launcher still has the rights of whoever started the laboratory, so that what
it makes read-only is locked for the node, whose namespaces belong to a lesser one. What only the
node's own namespaces can mount (/proc, /dev/pts) is left to enter(). Who the person is and which
namespaces there are is decided in node.py.
"""

import hashlib
import os

from net import kernel

# A place to stand while the tree is made; it is in every Debian root and seen by nobody else.
STAGE = "/mnt"

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKED_DIRS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
# Read-only caches that spare every node the work of making them.
SHARED_STATE = ("/var/cache/fontconfig", "/var/lib/texmf")

UID = GID = 1000  # the person, inside


def build(config, uid, gid):
    """Makes the node's tree at STAGE. uid and gid are the person's, as seen from here."""
    # Sources are held by descriptor: STAGE may lie over one of them, and STAGE may fill it again.
    sources = {path: os.open(os.path.realpath(path), os.O_PATH)
               for path in ["/usr", *SHARED_STATE, *config["share"]] if os.path.exists(path)}
    devices = {path: os.open(path, os.O_PATH)
               for path in [*(f"/dev/{name}" for name in DEVICES), *config["devices"]]}
    sockets = {path: os.open(path, os.O_PATH) for path in config["sockets"]}
    folders = {path: os.open(disk, os.O_PATH | os.O_DIRECTORY)
               for path, disk in config["disks"].items() if disk.startswith("/")}
    directories = {name: _source_of(name) for name in LINKED_DIRS if os.path.lexists("/" + name)}

    _tmpfs("", "mode=755,size=16m")
    for name in ("usr", "etc", "dev", "proc", "home", "run", "tmp", "var/tmp", "var/lib",
                 "var/cache", "var/log", "root", "opt", "srv", "mnt"):
        os.makedirs(f"{STAGE}/{name}", 0o755)
    for name, source in directories.items():
        if isinstance(source, str):
            os.symlink(source, f"{STAGE}/{name}")
        else:
            _bind(source, f"/{name}")
    _etc(config)
    _dev(devices)
    _private(config, folders, uid, gid)
    for path, source in [*sources.items(), *sockets.items()]:
        _bind(source, path)
    for path in ("", "/etc", "/run"):
        kernel.restrict_mount(STAGE + path, kernel.MOUNT_ATTR_RDONLY, recursive=False)
    for fd in [*sources.values(), *devices.values(), *sockets.values(), *folders.values()]:
        os.close(fd)


def enter():
    """Called by process 1 in the node's namespaces: the tree becomes its root, the old one goes."""
    # The tree as inherited is locked; as a mount of these namespaces it may become the root.
    kernel.mount(STAGE, STAGE, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.mount("proc", f"{STAGE}/proc", "proc",
                 kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.mount("devpts", f"{STAGE}/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC,
                 "newinstance,ptmxmode=0666,mode=0620")
    os.chdir(STAGE)
    kernel.pivot_root(".", ".")
    # The old root lies over the new one now, so "." is the old one.
    kernel.unmount(".", kernel.MNT_DETACH)
    os.chdir("/")


def _source_of(name):
    """Where a link at the root leads, or the directory itself on a root of the old kind."""
    path = "/" + name
    return os.readlink(path) if os.path.islink(path) else os.open(path, os.O_PATH)


def _tmpfs(path, options):
    kernel.mount("tmpfs", STAGE + path, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)


def _bind(source, path):
    """Puts an opened file or directory at the path in the tree, read-only with all below it."""
    target = STAGE + path
    if os.path.isdir(f"/proc/self/fd/{source}"):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        _touch(target)
    kernel.mount(f"/proc/self/fd/{source}", target, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mount(target, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID
                          | kernel.MOUNT_ATTR_NODEV)


def _touch(path):
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))


def _etc(config):
    """The machine's /etc with the node's own names laid over it."""
    name, person = config["name"], config["person"]
    own = {
        "hostname": f"{name}\n",
        "hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name}\n",
        "machine-id": hashlib.sha256(b"boxland test node " + name.encode()).hexdigest()[:32] + "\n",
        "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                  f"{person}:x:{UID}:{GID}:{person}:/home/{person}:/bin/bash\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        "group": f"root:x:0:\n{person}:x:{GID}:\nnogroup:x:65534:\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
        "resolv.conf": "",
    }
    layer = f"{STAGE}/.etc"
    os.mkdir(layer, 0o755)
    for file, text in own.items():
        with open(f"{layer}/{file}", "w", encoding="ascii") as out:
            out.write(text)
    # userxattr is what an overlay in a user namespace needs; with real rights it does no harm.
    kernel.mount("overlay", f"{STAGE}/etc", "overlay", kernel.MS_NOSUID | kernel.MS_NODEV,
                 f"lowerdir={layer}:/etc,userxattr")


def _dev(devices):
    for path, source in devices.items():
        target = STAGE + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.isdir(path):
            os.mkdir(target)
        else:
            _touch(target)
        kernel.mount(f"/proc/self/fd/{source}", target, None, kernel.MS_BIND | kernel.MS_REC)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"),
                         ("stderr", "fd/2"), ("ptmx", "pts/ptmx")):
        os.symlink(target, f"{STAGE}/dev/{name}")
    os.mkdir(f"{STAGE}/dev/pts")
    os.mkdir(f"{STAGE}/dev/shm")


def _private(config, folders, uid, gid):
    """The places where the node may write: each a file system of its own, or a folder lent to it."""
    home, runtime = f"/home/{config['person']}", f"/run/user/{UID}"
    os.mkdir(STAGE + home)
    _tmpfs(home, f"mode=700,uid={uid},gid={gid}")
    _tmpfs("/run", "mode=755")
    os.makedirs(STAGE + runtime, 0o755)
    _tmpfs(runtime, f"mode=700,uid={uid},gid={gid}")
    for path in ("/tmp", "/var/tmp", "/dev/shm"):
        _tmpfs(path, "mode=1777")
    for path, size in config["disks"].items():
        os.makedirs(STAGE + path, 0o755)
        if path in folders:
            kernel.mount(f"/proc/self/fd/{folders[path]}", STAGE + path, None, kernel.MS_BIND)
            os.chown(STAGE + path, uid, gid)
        else:
            _tmpfs(path, f"mode=700,uid={uid},gid={gid},size={size}")
