# SPDX-License-Identifier: MIT
"""How the Debian 13 root is made in the cache, with a stand-in for mmdebstrap that makes a tiny one."""

import fcntl
import os
import re
import shutil

import pytest

from conftest import DEBIAN_12

TINY_ROOT = 'mkdir -p "$TMPDIR/t/etc"; tar -C "$TMPDIR/t" -c etc; echo "I: success in 1 s" >&2'


@pytest.fixture
def old(project):
    """A machine that needs a root."""
    project.is_a(DEBIAN_12)
    project.stand_in("mmdebstrap", TINY_ROOT)
    return project


def names(project):
    """What is in the cache, locks and logs aside."""
    return sorted(path.name for path in (project.cache / "boxland").iterdir()
                  if path.suffix not in (".lock", ".log"))


def test_made_once(old):
    done = old.dev("setup")
    assert done.returncode == 0, done.stdout
    assert re.search(r"set-up took \d+ s", done.stdout)
    (root,) = names(old)
    assert re.fullmatch(r"root-[0-9a-f]{12}", root)
    assert len((old.cache / "boxland" / root / "etc/machine-id").read_text().strip()) == 32
    assert old.dev("setup").returncode == 0
    (call,) = old.called("mmdebstrap")
    assert "--variant=apt" in call
    assert call.endswith(" trixie -")
    include = re.search(r"--include=(\S+)", call)[1].split(",")
    assert "libwlroots-0.18-dev" in include
    assert "" not in include


def test_mirror_is_passed_on(old):
    old.dev("setup", MIRROR="http://mirror.test/debian")
    assert old.called("mmdebstrap")[0].endswith(" trixie - http://mirror.test/debian")


def test_another_list_is_another_root(old):
    old.dev("setup")
    (first,) = names(old)
    dev = old.top / "dev"
    dev.write_text(dev.read_text().replace("demo_packages='", "demo_packages='cowsay "))
    done = old.dev("setup")
    (second,) = names(old)
    assert second != first
    assert f"removing {old.cache}/boxland/{first}\n" in done.stdout


def test_a_root_in_use_stays(old):
    old.dev("setup")
    (first,) = names(old)
    dev = old.top / "dev"
    dev.write_text(dev.read_text().replace("revision=1", "revision=1000"))
    lock = os.open(old.cache / "boxland" / f"{first}.lock", os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert "is in use and stays" in old.dev("setup").stdout
    finally:
        os.close(lock)
    assert first in names(old)


def test_failure_leaves_nothing_and_says_what_to_do(old):
    old.stand_in("mmdebstrap", 'echo "E: could not reach the moon" >&2; exit 1')
    done = old.dev("setup")
    assert done.returncode == 1
    assert "E: could not reach the moon" in done.stdout
    assert "set MIRROR" in done.stdout
    assert names(old) == []
    old.stand_in("mmdebstrap", TINY_ROOT)
    assert old.dev("setup").returncode == 0


def test_what_a_killed_one_left_goes(old, tmp_path):
    up, gate = tmp_path / "up", tmp_path / "gate"
    os.mkfifo(up)
    os.mkfifo(gate)
    old.stand_in("mmdebstrap", f'touch "$TMPDIR/half"; echo >"{up}"; read -r _ <"{gate}"; exit 1')
    with old.start("setup") as process:
        up.read_text()
        process.kill()
        process.wait()
        (scratch,) = (path.read_text().strip()
                      for path in (old.cache / "boxland").glob("root-*.scratch"))
        assert os.path.exists(f"{scratch}/half")
        assert any(name.endswith(".part") for name in names(old))
        gate.write_text("\n")
    old.stand_in("mmdebstrap", TINY_ROOT)
    done = old.dev("setup")
    assert done.returncode == 0, done.stdout
    assert not os.path.exists(scratch)
    assert len(names(old)) == 1


def test_two_at_once_make_one(old, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    old.stand_in("mmdebstrap", f'read -r _ <"{gate}"; {TINY_ROOT}')
    with old.start("setup") as first:
        line = first.stdout.readline()
        assert "making a Debian 13 root" in line
        with old.start("setup") as second:
            assert "another ./dev is making the root" in second.stdout.readline()
            gate.write_text("go\n")
            assert second.wait() == 0
        assert first.wait() == 0
    assert len(old.called("mmdebstrap")) == 1


def test_space_is_looked_at_first(old):
    old.stand_in("df", "echo header; echo /dev/x 10000000 8000000 2000000 80% /")
    done = old.dev("setup")
    assert done.returncode == 1
    assert "needs 6 GB free in" in done.stdout
    assert old.called("mmdebstrap") == []


def test_a_person_without_lent_ids(old):
    old.stand_in("id", 'case $1 in -u) echo 4711 ;; -un) echo nobody-lends ;; *) exit 1 ;; esac')
    old.stand_in("newuidmap")
    done = old.dev("setup")
    assert done.returncode == 1
    assert "user nobody-lends has no line in /etc/subuid" in done.stdout
    assert "usermod --add-subuids" in done.stdout


def test_a_person_without_namespaces(old):
    old.stand_in("unshare", "exit 1")
    done = old.dev("setup")
    assert done.returncode == 1
    assert "sysctl kernel.unprivileged_userns_clone=1" in done.stdout


def test_a_machine_without_apt(old):
    (old.bin / "mmdebstrap").unlink()
    for name in ("sh", "env", "sed", "tr", "date", "readlink", "dirname", "cat", "id"):
        (old.bin / name).symlink_to(shutil.which(name))
    done = old.dev("setup", PATH=str(old.bin))
    assert done.returncode == 1
    assert "this machine lacks bwrap mmdebstrap flock" in done.stdout


def test_progress_on_a_terminal(old, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    old.stand_in("mmdebstrap", 'echo "I: installing remaining packages inside the chroot..." >&2\n'
                 'echo "0 upgraded, 1 newly installed, 0 to remove" >&2\n'
                 'echo "Unpacking foot" >&2\n'
                 f'read -r _ <"{gate}"; {TINY_ROOT}')
    done = old.on_terminal("setup", answers=[
        ("s, installing remaining packages inside the chroot 33%", lambda: gate.write_text("\n"))])
    assert done.returncode == 0


def test_clean(old):
    old.dev("setup")
    (old.top / "build").mkdir()
    (old.top / "build-asan").mkdir()
    done = old.dev("clean")
    assert done.returncode == 0
    assert not list(old.top.glob("build*"))
    assert "./dev clean --yes" in done.stdout
    assert len(names(old)) == 1
    assert old.dev("clean", "--yes").returncode == 0
    assert names(old) == []
