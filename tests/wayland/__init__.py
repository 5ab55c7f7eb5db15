# SPDX-License-Identifier: MIT
"""A Wayland client in Python, and what it draws and types, for the tests of every room."""
