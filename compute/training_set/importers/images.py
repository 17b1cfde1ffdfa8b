"""Folders of images, one folder a class."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from compute.training_set.importers.errors import UnreadableData, check_plain, check_size
from compute.training_set.importers.files import entries
from compute.training_set.importers.integers import narrowest

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MAX_IMAGE_PIXELS = 1 << 22


def class_names(folder: Path) -> tuple[str, ...]:
    """The names of the class folders in `folder`: by number if all are numbers, else by text."""
    names = [entry.name for entry in entries(folder) if entry.is_dir()]
    return tuple(sorted(names, key=int if all(map(str.isdecimal, names)) else str))


def read_images(folder: Path, labels: Sequence[str]) -> dict[str, np.ndarray]:
    """`image` uint8 [n, height, width] (or [n, height, width, 3]) and `label` from a folder with
    one folder of images a class; a label is the place of its folder's name in `labels`."""
    names = class_names(folder)
    loose = next((entry for entry in entries(folder) if not entry.is_dir()), None)
    if names and loose is not None:
        raise UnreadableData(f"{loose} is in no class, as the folders beside it are: move it")
    for name in names:
        if name not in labels:
            raise UnreadableData(
                f"{folder / name}: the set has no class of this name, but {', '.join(labels)}"
            )
    files = [(file, labels.index(name)) for name in names for file in _pictures(folder / name)]
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
    numbers = np.array([label for _, label in files], np.int64)
    return {"image": np.stack(images), "label": narrowest(numbers)}


def read_pictures(path: Path) -> tuple[np.ndarray, list[str]]:
    """Images uint8 [n, ...] without classes, from one file or a folder of them, and their names."""
    check_plain(path)
    files = _pictures(path) if path.is_dir() else [path]
    pixels = [_pixels(file, file) for file in files]
    if len({picture.shape for picture in pixels}) != 1:
        raise UnreadableData(f"{path} holds no images, or of different sizes or colours")
    return np.stack(pixels), [file.name for file in files]


def _pictures(folder: Path) -> list[Path]:
    found = entries(folder)
    inner = [entry.name for entry in found if entry.is_dir()]
    if inner:
        raise UnreadableData(
            f"{folder} holds folders ({', '.join(inner[:4])}), not images: name the folder whose "
            "folders are the classes"
        )
    return found


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
