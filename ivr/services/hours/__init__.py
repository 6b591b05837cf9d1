"""When the clinic is open: weekly hours and closures, kept in the browser or by telephone."""
