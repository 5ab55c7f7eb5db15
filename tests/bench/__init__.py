# SPDX-License-Identifier: MIT
"""Measurements by name: how fast, how late, at what cost."""
