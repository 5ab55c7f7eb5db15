# SPDX-License-Identifier: MIT
"""dev's words, which systems count as Debian 13, and how packages are asked for."""

import subprocess

import pytest

from conftest import DEBIAN_12, DEBIAN_13, DEV

WORDS = ("setup", "build", "test", "bench", "demo", "run", "shell", "install", "uninstall", "clean")


def test_is_plain_sh():
    assert DEV.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["dash", "-n", DEV], check=True)
    subprocess.run(["shellcheck", "-s", "sh", DEV], check=True)


def test_help_names_every_word(project):
    done = project.dev()
    assert done.returncode == 0
    for word in WORDS:
        assert f"\n  {word} " in done.stdout


def test_unknown_word(project):
    done = project.dev("biuld")
    assert done.returncode == 2
    assert "usage: ./dev WORD" in done.stdout


@pytest.mark.parametrize("system, os_release", [
    ("apt", DEBIAN_13),
    ("root", DEBIAN_12),
    ("apt", "ID=debian\nVERSION_CODENAME=forky\n"),
    ("apt", 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'),
    ("root", 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'),
    ("apt", 'ID=linuxmint\nID_LIKE=debian\nVERSION_ID="7"\nDEBIAN_CODENAME=trixie\n'),
    ("root", 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'),
    ("root", 'ID=fedora\nVERSION_ID="43"\n'),
    ("root", ""),
])
def test_which_system_is_used(project, system, os_release):
    project.is_a(os_release)
    project.stand_in("dpkg-query")
    project.stand_in("apt-get")
    project.stand_in("mmdebstrap", "exit 1")
    project.dev("setup")
    assert bool(project.called("apt-get")) == (system == "apt")
    assert bool(project.called("mmdebstrap")) == (system == "root")


def test_installs_what_is_missing_and_says_so(project):
    project.stand_in("dpkg-query", 'shift 3; for p; do [ "$p" = foot ] || echo "$p installed"; done')
    project.stand_in("apt-get")
    done = project.dev("setup")
    assert done.returncode == 0
    assert "not installed on this machine: foot \n" in done.stdout
    update, install = project.called("apt-get")
    assert update.endswith("update")
    assert install.endswith("install --no-install-recommends foot")
    assert "set-up took" in done.stdout


def test_installs_nothing_when_nothing_is_missing(project):
    project.stand_in("apt-get")
    assert project.dev("setup").returncode == 0
    assert project.called("apt-get") == []


def test_apt_fails(project):
    project.stand_in("dpkg-query")
    project.stand_in("apt-get", "exit 100")
    done = project.dev("setup")
    assert done.returncode == 1
    assert "apt did not install them" in done.stdout


@pytest.fixture
def person(project):
    """The same machine, and nobody is root."""
    project.stand_in("id", 'case $1 in -u) echo 1000 ;; -un) echo ann ;; *) exit 1 ;; esac')
    project.stand_in("dpkg-query")
    project.stand_in("sudo")
    return project


def test_nobody_there_is_no(person):
    done = person.dev("setup")
    assert done.returncode == 1
    assert "nothing was installed. By hand it is: sudo apt-get install" in done.stdout
    assert person.called("sudo") == []


def test_ci_is_not_asked(person):
    assert person.dev("setup", CI="true").returncode == 0
    assert [line[:15] for line in person.called("sudo")] == ["sudo -n apt-get", "sudo -n env DEB"]


@pytest.mark.parametrize("answer, installs", [("n\n", False), ("\n", True), ("y\n", True)])
def test_a_person_is_asked(person, answer, installs):
    done = person.on_terminal("setup", answers=[("Install them with sudo apt-get? [Y/n]", answer)])
    assert (done.returncode == 0) == installs
    assert bool(person.called("sudo")) == installs


def test_no_sudo(person):
    (person.bin / "sudo").unlink()
    # A path without sudo on it, whatever the machine has.
    for name in ("sh", "env", "sed", "tr", "date", "readlink", "dirname", "cat"):
        (person.bin / name).symlink_to(f"/usr/bin/{name}")
    done = person.dev("setup", PATH=str(person.bin))
    assert done.returncode == 1
    assert "there is no sudo here. As root, do: apt-get install" in done.stdout


def test_install_refuses_an_older_system(project):
    project.is_a(DEBIAN_12)
    done = project.dev("install")
    assert done.returncode == 1
    assert "needs Debian 13 or newer, and this is Debian 12" in done.stdout
    assert "./dev run" in done.stdout
