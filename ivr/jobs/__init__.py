"""What leaves the house: recordings fetched, notices sent. `tasks` says what each job does, `worker` runs them."""
