"""What knows language: sentences, words and their stems, what a sentence states, dates, names. Pure functions."""
