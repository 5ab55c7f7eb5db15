# SPDX-License-Identifier: MIT
"""What ./dev demo shows."""
