"""From a question to the passages it wants: what it says, what it takes for granted, what is found."""
