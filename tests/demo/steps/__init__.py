# SPDX-License-Identifier: MIT
"""The steps of the demo: in each a SENTENCE for the person, and show(stage), which does it and
raises Unseen when it did not show what the sentence says."""
