"""From what was found to an answer: what it takes for granted, choosing, saying no, writing, citing."""
