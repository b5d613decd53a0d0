"""Campaigns: the same harm done many times at random places, and each time what must hold afterwards is looked at.

`tests/campaigns/test_campaigns.py` runs each for a few rounds. `make campaign MINUTES=60` runs them by the clock and
writes into `evals/RESULTS.md` how many rounds there were and what failed.
"""
