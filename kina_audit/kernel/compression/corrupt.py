"""What a decompressor says when its data is not what it should be; callers add the file, the layer and the offset."""


class CorruptData(Exception):  # noqa: N818 - a condition to translate, never an error that a user sees
    """Compressed data is damaged, ends too early, or cannot be decompressed here.

    Attributes:
        reason: what is wrong, as the end of a sentence.
        hint: what would help, when that is something else than a fresh copy of the file.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
