# SPDX-License-Identifier: MIT
"""The login, on a machine of its own: kernel, udev, seatd, greetd, PAM, and then our desktop."""
