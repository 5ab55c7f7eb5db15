# SPDX-License-Identifier: MIT
"""Name spaces, used at random and compared with a model of them: see names_model.py."""

import secrets

from e2e import names_model


def test_names_are_as_the_model_has_them(lab):
    """Three kills; two hundred in tests/slow."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    trial = names_model.Trial(*names_model.two_nodes(lab), seed)
    trial.run(kills=3, steps=100)
    assert trial.acknowledged > 150
