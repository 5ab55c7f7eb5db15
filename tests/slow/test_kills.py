# SPDX-License-Identifier: MIT
"""Two hundred kills of a boxd that stores, and as many of one whose names are used: see model.py and
names_model.py in tests/e2e."""

import secrets

import pytest

from e2e import model, names_model
from evidence import BUILD, PROGRAM_DIRS, ROOT, module_artefacts  # noqa: F401
from net.household import Household, pair
from net.lab import Lab

PLACES = "/usr/local/bin", "/usr/bin", "/bin"
KILLS = 25


@pytest.fixture(scope="module")
def lab(module_artefacts):  # noqa: F811
    path = ":".join([*(str(BUILD / each) for each in PROGRAM_DIRS), *PLACES])
    with Lab(module_artefacts, share=[ROOT, BUILD], env={"PATH": path}) as made:
        yield made


@pytest.mark.parametrize("number", range(8))
def test_storage(lab, number):
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    home = Household(lab.node(f"den{number}"), boxd_conf="store desk /home/ann/desk\n")
    home.node.run(["mkdir", "desk"])
    home.start_boxd()
    trial = model.Trial(home, "/fs/desk", seed)
    trial.run(KILLS)
    assert trial.acknowledged > KILLS
    lab.remove(home.node)


@pytest.mark.parametrize("number", range(8))
def test_name_spaces(lab, number):
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    ibiza, den = names_model.two_nodes(lab)
    trial = names_model.Trial(ibiza, den, seed)
    trial.run(KILLS, steps=50)
    assert trial.acknowledged > KILLS * 25
    for home in (ibiza, den):
        lab.remove(home.node)
