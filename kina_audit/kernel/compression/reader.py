"""Bytes read forward, a bounded piece at a time, from memory, from a file or out of a decompressor."""

from collections.abc import Callable


class Reader:
    """The bytes of one layer, read forward. Subclasses provide `_more`."""

    __slots__ = ("_ahead", "offset")

    def __init__(self) -> None:
        self._ahead = b""
        self.offset = 0
        """How many bytes were handed out so far."""

    def _more(self, size: int) -> bytes:
        """The next 1 to ``size`` bytes; empty at the end."""
        raise NotImplementedError

    def read(self, size: int) -> bytes:
        """The next 1 to ``size`` bytes; empty at the end."""
        if self._ahead:
            data, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            data = self._more(size)
        self.offset += len(data)
        return data

    def read_exactly(self, size: int) -> bytes:
        """``size`` bytes, fewer only at the end."""
        pieces = []
        while size > 0 and (piece := self.read(size)):
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes without taking them, fewer only at the end."""
        while len(self._ahead) < size and (piece := self._more(size - len(self._ahead))):
            self._ahead += piece
        return self._ahead[:size]

    def unread(self, data: bytes) -> None:
        """Put back bytes that were taken last."""
        self._ahead = data + self._ahead
        self.offset -= len(data)

    def skip(self, size: int, step: int = 1 << 18) -> bool:
        """Take ``size`` bytes and drop them; False when the end came first."""
        while size > 0:
            piece = self.read(min(size, step))
            if not piece:
                return False
            size -= len(piece)
        return True


class ViewReader(Reader):
    """Bytes in memory (or mapped into it), which can also be read out of order through `view`."""

    __slots__ = ("_at", "view")

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self.view = view
        self._at = 0

    def _more(self, size: int) -> bytes:
        data = bytes(self.view[self._at : self._at + size])
        self._at += len(data)
        return data


class CallReader(Reader):
    """Bytes from a function such as a file's ``read``."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[int], bytes]) -> None:
        super().__init__()
        self._call = call

    def _more(self, size: int) -> bytes:
        return self._call(size)


class SectionReader(Reader):
    """The next ``length`` bytes of another reader."""

    __slots__ = ("left", "upstream")

    def __init__(self, upstream: Reader, length: int) -> None:
        super().__init__()
        self.upstream = upstream
        self.left = length
        """How many of the bytes were not yet taken from the other reader."""

    def _more(self, size: int) -> bytes:
        data = self.upstream.read(min(size, self.left)) if self.left > 0 else b""
        self.left -= len(data)
        return data
