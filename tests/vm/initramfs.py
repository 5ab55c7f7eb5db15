# SPDX-License-Identifier: MIT
"""Makes the guest's initramfs out of a Debian root: its kernel's modules and its static busybox.

It is made anew for each run (it takes a fraction of a second), so that nothing has to be kept in
step with the root. What it does in the guest is said in the script "init" beside this file.
"""

import lzma
import pathlib
import re
import stat
import subprocess

# What a guest is made of before it has its root. Names that are built into the kernel are skipped.
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_input", "evdev", "virtio_gpu",
           "virtio_rng")
DIRECTORIES = ("bin", "modules", "proc", "sys", "dev", "lower", "upper", "root")
HERE = pathlib.Path(__file__).resolve().parent


class Archive:
    """A cpio archive of the "newc" kind (the kernel's early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.parts, self.count = [], 0

    def add(self, name, mode, data=b""):
        """A file or directory of root's."""
        self.count += 1
        encoded = name.encode() + b"\0"
        fields = (self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self.parts += [head, bytes(-len(head) % 4), data, bytes(-len(data) % 4)]

    def finish(self):
        """The whole archive."""
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def canonical(path):
    """The name of a module from its file: dashes and underscores are the same to the kernel."""
    return re.sub(r"\.ko(\.\w+)?$", "", path.rpartition("/")[2]).replace("-", "_")


def load_order(modules):
    """The files to load, each after what it needs."""
    needs, files, order = {}, {}, []
    for line in (modules / "modules.dep").read_text().splitlines():
        path, _, rest = line.partition(":")
        files[canonical(path)] = path
        needs[canonical(path)] = [canonical(word) for word in rest.split()]
    built_in = {canonical(line) for line in (modules / "modules.builtin").read_text().split()}

    def visit(name):
        for needed in reversed(needs[name]):  # modules.dep has the nearest first
            visit(needed)
        if files[name] not in order:
            order.append(files[name])

    for name in MODULES:
        if name in files:
            visit(name)
        elif name not in built_in:
            raise FileNotFoundError(f"the kernel in {modules} has no {name}")
    return order


def unpacked(path):
    """The bytes of a module, however it is compressed."""
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
    return path.read_bytes()


def build(root, release, mounts):
    """The archive for a kernel release found in the Debian root.

    mounts are the lines "tag path" of what the host shares, for init. Nothing is compressed: the
    guest would spend longer on unpacking than the host on reading.
    """
    modules = root / "usr/lib/modules" / release
    archive = Archive()
    for name in DIRECTORIES:
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add("bin/busybox", stat.S_IFREG | 0o755, (root / "usr/bin/busybox").read_bytes())
    archive.add("init", stat.S_IFREG | 0o755, (HERE / "init").read_bytes())
    names = []
    for path in load_order(modules):
        names.append(canonical(path))
        archive.add(f"modules/{names[-1]}", stat.S_IFREG | 0o644, unpacked(modules / path))
    archive.add("order", stat.S_IFREG | 0o644, "".join(f"{name}\n" for name in names).encode())
    archive.add("mounts", stat.S_IFREG | 0o644,
                "".join(f"{tag} {path}\n" for tag, path in mounts).encode())
    return archive.finish()
