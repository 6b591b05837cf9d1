"""What nobody waits for on the line: recordings fetched, notices sent, prompts mastered, data erased.

`tasks` says what each job does and when it is due, `worker` runs them.
"""
