"""The experiments: each answers one question about the protocol with figures."""
