# SPDX-License-Identifier: MIT
"""Building, testing and installing a small project."""

import os
import pathlib
import re
import shutil

import pytest

from conftest import DEBIAN_12, DEV, tiers


def test_build_takes_its_time_and_says_so(full_project):
    done = full_project.dev("build")
    assert done.returncode == 0, done.stdout
    assert re.search(r"^dev: build of build-native took \d+ s$", done.stdout, re.MULTILINE)
    assert (full_project.top / "build-native/out/bin/hello").exists()
    assert "no work to do" in full_project.dev("build").stdout
    assert full_project.dev("shell", "hello && command -v hello").stdout == \
        f"{full_project.top}/build-native/out/bin/hello\n"


def test_broken_build(full_project):
    full_project.write("hello.c", "int main(void) {\n\treturn nothing;\n}\n")
    done = full_project.dev("build")
    assert done.returncode == 1
    assert "nothing" in done.stdout
    assert done.stdout.endswith("dev: the build failed; the compiler says why above\n")


@pytest.fixture
def with_root(full_project):
    """The same on an older system, with the root we run in as the one in its cache."""
    ours = os.environ.get("BOXLAND_ROOT")
    assert ours, "these tests run by ./dev test unit, which hands in the root they are in"
    full_project.is_a(DEBIAN_12)
    full_project.stand_in("mmdebstrap", "exit 1")
    name = re.search(r"root in (\S+) ", full_project.dev("setup").stdout)[1]
    pathlib.Path(name).symlink_to(ours)
    return full_project


# Each folder and each suite of the table holds as many: passed, failed or passed, skipped.
def expected(chosen, bad):
    """The sums over the rows of the chosen tiers."""
    passed = failed = skipped = 0
    for tier, _, by_whom, _, *words in tiers():
        if tier not in chosen:
            continue
        if words:  # -m two_nodes
            passed += 1
            continue
        passed += 1 + (not bad) + (by_whom == "pytest")
        failed += bad
        skipped += 1
    return f"{passed} passed, {failed} failed, {skipped} skipped in "


def test_test_counts_over_all_tiers(with_root):
    done = with_root.dev("test")
    assert done.returncode == 0, done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith("dev: " + expected(["unit", "e2e", "solo", "vm"], False))
    assert re.search(r"in \d+\.\d min$", last)
    for tier in ("unit", "e2e", "solo", "vm"):
        assert f"\ndev: {tier}: {expected([tier], False)}" in done.stdout


def test_a_failure_fails_and_is_shown(with_root):
    with_root.write("bad", "3\n")
    done = with_root.dev("test", "e2e", "solo")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("dev: " + expected(["e2e", "solo"], True))
    assert "FAILED tests/solo/test_it.py::test_bad" in done.stdout


def test_words_for_pytest_are_passed_on(with_root):
    done = with_root.dev("test", "solo", "-k", "good")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("dev: 1 passed, 0 failed, 0 skipped in ")


def test_words_for_pytest_pick_mesons_tests_too(with_root):
    with_root.write("bad", "3\n")
    done = with_root.dev("test", "unit", "-k", "good and not conform")
    assert done.returncode == 0, done.stdout
    # unit-good twice, plain and under the sanitizers, and test_good of each folder
    folders = sum(tier == "unit" and by == "pytest" for tier, _, by, *_ in tiers())
    assert done.stdout.splitlines()[-1].startswith(f"dev: {2 + folders} passed, 0 failed, 0 skipped in ")


def test_words_that_pick_nothing_of_one_folder(with_root):
    with_root.write("tests/solo/test_it.py", "def test_other(): pass\n")
    done = with_root.dev("test", "solo", "vm", "-k", "good")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("dev: 1 passed, 0 failed, 0 skipped in ")
    assert with_root.dev("test", "solo", "vm", "-k", "nothing").returncode == 1


def test_no_such_tier(with_root):
    done = with_root.dev("test", "unity")
    assert done.returncode == 1
    assert "there is no tier 'unity'. There are: unit e2e solo vm slow" in done.stdout


def test_a_missing_folder_is_an_error_once_it_is_not_awaited(with_root):
    shutil.rmtree(with_root.top / "tests/solo")
    dev = with_root.top / "dev"
    text = re.sub(r"^awaited=.*$", "awaited='tests/solo'", DEV.read_text(), flags=re.MULTILINE)
    dev.write_text(text)
    done = with_root.dev("test", "solo")
    assert "not there yet: tests/solo" in done.stdout
    assert done.returncode == 1  # nothing passed
    dev.write_text(text.replace("awaited='tests/solo'", "awaited=''"))
    done = with_root.dev("test", "solo")
    assert "tests/solo is in the list of tiers and is not there" in done.stdout
    assert done.returncode == 1


def test_the_tests_have_a_network_of_their_own_and_the_untouched_root(with_root):
    with_root.write("tests/solo/test_it.py", "import os\n"
                    "def test_net(): assert open('/proc/net/route').read().count('\\n') == 1\n"
                    "def test_root(): assert os.path.exists(os.environ['BOXLAND_ROOT'] + '/usr')\n"
                    "def test_root_is_bare(): assert not os.listdir(os.environ['BOXLAND_ROOT']"
                    " + '/proc')\n"
                    "def test_home(): assert os.listdir(os.environ['HOME']) == []\n"
                    "def test_sanitizers(): assert 'lsan.supp' in os.environ['LSAN_OPTIONS']\n")
    done = with_root.dev("test", "solo")
    assert done.stdout.splitlines()[-1].startswith("dev: 5 passed, 0 failed, 0 skipped in "), \
        done.stdout


def tree(top):
    """All paths below."""
    return sorted(str(path) for path in top.rglob("*"))


def test_install_and_uninstall(full_project, tmp_path):
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/other").touch()
    before = tree(prefix)
    done = full_project.dev("install", "--prefix", str(prefix))
    assert done.returncode == 0, done.stdout
    printed = [line for line in done.stdout.splitlines() if line.startswith(str(prefix))]
    assert sorted(printed) == sorted(set(tree(prefix)) - set(before))
    assert str(prefix / "bin/hello") in printed
    # A later install without one of the files still has it to take away.
    meson = full_project.top / "meson.build"
    meson.write_text(meson.read_text().replace("install_data('words'", "#"))
    assert full_project.dev("install", f"--prefix={prefix}").returncode == 0
    done = full_project.dev("uninstall", "--prefix", str(prefix))
    assert done.returncode == 0, done.stdout
    assert tree(prefix) == before
    assert [line for line in done.stdout.splitlines() if line.startswith(str(prefix))]
    done = full_project.dev("uninstall", "--prefix", str(prefix))
    assert done.returncode == 1
    assert "nothing of Boxland is installed under" in done.stdout


@pytest.mark.parametrize("words, sentence", [
    (("--prefix", "here"), "--prefix takes an absolute path"),
    (("--prefix",), "--prefix takes an absolute path"),
    (("--destdir=/x",), "'--destdir=/x' is not understood"),
])
def test_install_refuses(full_project, words, sentence):
    done = full_project.dev("install", *words)
    assert done.returncode == 1
    assert sentence in done.stdout
