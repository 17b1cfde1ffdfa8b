"""Using what a group trained: its model with accepted parameters, predictions, text.

model = of_group(connect(RPC).group(1), open_store("store"))
model.outputs({"image": pixels})
"""

from compute.inference.answers import Answer, Choice, answers
from compute.inference.inputs import Inputs, read_inputs
from compute.inference.model import Model, Origin, of_checkpoint, of_group
from compute.inference.portraying import portray
from compute.inference.writing import Written, write

__all__ = [
    "Answer",
    "Choice",
    "Inputs",
    "Model",
    "Origin",
    "Written",
    "answers",
    "of_checkpoint",
    "of_group",
    "portray",
    "read_inputs",
    "write",
]
