"""What lintune found and understood, as people and programs read it: text, one-line text, JSON, SARIF, GitHub commands."""
