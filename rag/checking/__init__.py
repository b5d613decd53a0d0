"""Does the evidence carry the claim? `checker.support` and what it weighs."""
