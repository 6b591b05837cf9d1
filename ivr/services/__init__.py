"""Use cases: one public function is one transaction. Doors call these and nothing below them."""
