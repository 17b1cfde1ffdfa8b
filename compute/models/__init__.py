"""What a group trains: a hashed document that fixes the network, its inputs and its start."""

from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.mlp import MLP
from compute.models.module import Module
from compute.models.parent import Parent
from compute.models.resnet import ResNet
from compute.models.specification import ModelSpecification
from compute.models.transformer import Transformer
from compute.models.vit import ViT

__all__ = [
    "MLP",
    "Architecture",
    "InputColumn",
    "ModelError",
    "ModelSpecification",
    "Module",
    "Parent",
    "ResNet",
    "Transformer",
    "ViT",
]
