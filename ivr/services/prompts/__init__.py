"""What callers hear: versions of prompts, the releases that are on the air, and the synthetic voice for the rest."""
