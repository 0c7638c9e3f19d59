"""Whatever comes from the terminal or goes to it."""
