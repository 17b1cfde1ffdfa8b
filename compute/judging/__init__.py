"""What judges a checkpoint: its bytes, its exact loss on the data in force, and the verdict."""
