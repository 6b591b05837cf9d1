"""Twilio's door: it checks who is calling, turns forms into inputs, and outputs into TwiML."""
