"""Who works here: the staff's accounts, and how they sign in to the pages and by telephone."""
