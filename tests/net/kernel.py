# SPDX-License-Identifier: MIT
"""The system calls that Python's os module lacks, one thin function each.

Every function raises OSError with the name of what it was done to. What the calls are used for is
decided in node.py and rootfs.py.
"""

import ctypes
import os
import platform

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
AT_FDCWD = -100
AT_RECURSIVE = 0x8000

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

CAPABILITY_VERSION_3 = 0x20080522
KEYCTL_JOIN_SESSION_KEYRING = 1
# libkeyutils is not everywhere, and the C library has no wrapper.
SYS_KEYCTL = {"x86_64": 250, "aarch64": 219}

_libc = ctypes.CDLL(None, use_errno=True)


class MountAttr(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64)
                for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def _check(result, what):
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), what)
    return result


def _bytes(text):
    return None if text is None else os.fsencode(text)


def mount(source, target, fstype=None, flags=0, data=None):
    """mount(2)."""
    _check(_libc.mount(_bytes(source), _bytes(target), _bytes(fstype),
                       ctypes.c_ulong(flags), _bytes(data)), target)


def unmount(target, flags=0):
    """umount2(2)."""
    _check(_libc.umount2(_bytes(target), flags), target)


def pivot_root(new_root, put_old):
    """pivot_root(2)."""
    _check(_libc.pivot_root(_bytes(new_root), _bytes(put_old)), new_root)


def restrict_mount(target, attributes, recursive=True):
    """Adds MOUNT_ATTR_* to a mount, and to all below it. Needs Linux 5.12."""
    attr = MountAttr(attr_set=attributes)
    _check(_libc.mount_setattr(AT_FDCWD, _bytes(target), AT_RECURSIVE if recursive else 0,
                               ctypes.byref(attr), ctypes.c_size_t(ctypes.sizeof(attr))), target)


def prctl(option, argument=0):
    """prctl(2) with one argument."""
    zero = ctypes.c_ulong(0)
    return _check(_libc.prctl(option, ctypes.c_ulong(argument), zero, zero, zero),
                  f"prctl {option}")


def has_capability(number):
    """Whether the capability is effective in the calling process."""
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> number & 1)
    return False


def drop_all_capabilities():
    """Gives up every capability for good, in all five sets."""
    with open("/proc/sys/kernel/cap_last_cap", encoding="ascii") as last:
        for number in range(int(last.read()) + 1):
            prctl(PR_CAPBSET_DROP, number)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def new_session_keyring():
    """Leaves the session keyring, which is otherwise inherited and so shared."""
    number = SYS_KEYCTL.get(platform.machine())
    if number is not None:
        _check(_libc.syscall(ctypes.c_long(number), ctypes.c_long(KEYCTL_JOIN_SESSION_KEYRING),
                             None), "keyctl")
