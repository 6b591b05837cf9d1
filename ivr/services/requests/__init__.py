"""Patients' requests: how they are saved, told to staff, listed, triaged, called back and counted."""
