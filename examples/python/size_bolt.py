"""Adds a photo's format and size, from the first bytes of its file: as it is stored, before any turn that EXIF asks for."""

import struct

from autotag_bolt import run


def process(_photo_tuple, photo):
    found = png(photo) or gif(photo) or jpeg(photo)
    if found is None:
        return None
    kind, width, height = found
    shape = "square" if width == height else "landscape" if width > height else "portrait"
    megapixels = round(width * height / 1e6, 2)
    return {
        "attributes": {"format": kind, "width": width, "height": height, "megapixels": megapixels, "shape": shape}
    }


def png(photo):
    if photo[:8] != b"\x89PNG\r\n\x1a\n" or len(photo) < 24:
        return None
    return ("png", *struct.unpack(">II", photo[16:24]))


def gif(photo):
    if photo[:6] not in (b"GIF87a", b"GIF89a") or len(photo) < 10:
        return None
    return ("gif", *struct.unpack("<HH", photo[6:10]))


def jpeg(photo):
    """Goes from segment to segment, to the start of a frame."""
    if photo[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(photo) and photo[at] == 0xFF:
        marker, length = struct.unpack(">BH", photo[at + 1 : at + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", photo[at + 5 : at + 9])
            return ("jpeg", width, height)
        at += 1 if marker == 0xFF else 2 + length
    return None


if __name__ == "__main__":
    run(process)
