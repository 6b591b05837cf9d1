"""The automatic caller: it walks every branch of the call tree, and tells what a caller would stumble over.

Its calls are real ones, through the whole application and the strict simulator, on a line to rehearse on. Read
`walking.py` first; `guide.py` chooses what each call does.
"""
