"""The roles of a training group, one a file; none of them imports another.

Trainer, wisdomkeeper, curator and relayer are classes whose `step` goes from what the chain says
and what their own journal remembers to the one thing to do next. Nothing else survives a crash and
nothing else is needed: starting a role again *is* its recovery. Founder and verifier act once.
"""
