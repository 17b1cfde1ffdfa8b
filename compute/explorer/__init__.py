"""The explorer: pages about groups, from chain and store alone, served live or written to a folder.

Nothing is kept but in memory: what a page says can be read again by anybody.
"""

from compute.explorer.content import Content
from compute.explorer.export import export
from compute.explorer.site import Site
from compute.explorer.watch import Watch, World

__all__ = ["Content", "Site", "Watch", "World", "export"]
