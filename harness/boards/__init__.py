"""Tables made from records, and leaderboards that are rebuilt from records alone."""
