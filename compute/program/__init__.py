"""Programs: what a model is to everyone but its founder. Types, operations, binary form, bounds."""
