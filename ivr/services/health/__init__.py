"""How the line is doing: what a platform may know of it, and how far its recurring jobs have come."""
