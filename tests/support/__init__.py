"""What tests share: settings, callers, servers, the carrier's side, and how to run jobs. No tests are in here."""
