"""A dispute about a claimed loss: what is on chain of it, and each side's next move.

Whoever knows the honest trace can play either side, and needs nothing but the chain and the content
to go on: docs/referee.md tells the game.
"""
