"""The Flax modules behind the architectures. Importing one imports JAX."""
