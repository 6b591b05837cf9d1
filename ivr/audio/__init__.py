"""Prompts for the telephone: speech synthesis, mastering and measuring; import its modules."""
