"""What callers recorded: fetched from the carrier, stored encrypted, and listened to by staff."""
