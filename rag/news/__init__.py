"""News sense: who says it, when, what came after, and where reports differ."""
