"""The parts of the site that are written by the program itself."""
