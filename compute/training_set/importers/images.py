"""Folders of images, one folder a class."""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_size
from compute.training_set.importers.integers import narrowest

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_IMAGE_PIXELS = 1 << 22


def read_images(folder: Path) -> dict[str, np.ndarray]:
    """`image` uint8 [n, height, width] (or [n, height, width, 3]) and `label` from a folder with
    one folder of images a class; labels count the class folders in order of their names."""
    classes = sorted(entry for entry in folder.iterdir() if entry.is_dir())
    files = [(file, k) for k, entry in enumerate(classes) for file in sorted(entry.iterdir())]
    if not files:
        raise UnreadableData(f"{folder} has no images: put each class into a folder of its own")
    images: list[np.ndarray] = []
    for file, _ in files:
        pixels = _pixels(file, file)
        if images and pixels.shape != images[0].shape:
            raise UnreadableData(
                f"{file} is {pixels.shape}, the images before it are {images[0].shape}: "
                "make all images equal in size and all gray or all coloured"
            )
        images.append(pixels)
        check_size(folder, len(images) * pixels.size)
    labels = np.array([label for _, label in files], np.int64)
    return {"image": np.stack(images), "label": narrowest(labels)}


def decode(name: str, data: bytes) -> np.ndarray:
    """The pixels of an image file's bytes, uint8 [height, width] or [height, width, 3]."""
    return _pixels(name, io.BytesIO(data or b""))


def _pixels(name: object, file: Path | BinaryIO) -> np.ndarray:
    try:
        from PIL import Image
    except ImportError:
        raise UnreadableData("Reading images needs Pillow: pip install pillow") from None
    try:
        with Image.open(file, formats=IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                raise ValueError(f"it has more than {MAX_IMAGE_PIXELS} pixels")
            if image.mode.startswith(("I", "F")):
                raise ValueError("it has more than 8 bits a channel")
            gray = image.mode in ("1", "L", "LA")
            return np.asarray(image.convert("L" if gray else "RGB"), np.uint8)
    # Pillow's decoders raise whatever they stumble over
    except Exception as error:
        raise UnreadableData(f"{name} cannot be read: {error}") from None
