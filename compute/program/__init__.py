"""Programs, the form of a model that is data alone: types, operations, binary form, bounds."""
