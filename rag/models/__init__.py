"""Language models: what can write, where it is reached, what it is told."""
