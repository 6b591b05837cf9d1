"""The doctor: checks of a deployment, a subject a file; `examination.examine` runs them all."""
