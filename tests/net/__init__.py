# SPDX-License-Identifier: MIT
"""The test laboratory: nodes, the wires between them, and a switch that can be watched and cut."""
