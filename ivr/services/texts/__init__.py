"""Text messages to patients: their words, in each language."""
