"""What a group trains: a hashed document that fixes the network, its inputs and its start."""

from compute.models.specification import InputColumn, ModelError, ModelSpecification, Parent

__all__ = ["InputColumn", "ModelError", "ModelSpecification", "Parent"]
