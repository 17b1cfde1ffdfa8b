"""The actors of a training group: trainer, wisdomkeeper and curator.

Each actor is a function from what the chain says and what its own journal remembers to the one
thing it does next. Nothing else survives a crash and nothing else is needed: starting an actor
again *is* its recovery.
"""
