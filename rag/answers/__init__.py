"""From what was found to an answer: choosing, saying no, writing, citing."""
