"""From a question to the passages it wants: what it says of names, dates and earlier questions, what is found."""
