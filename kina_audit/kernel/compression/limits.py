"""How much untrusted, compressed input may make us do."""

from collections.abc import Callable

from kina_audit.base.bounds import ARCHIVE_RATIO, DECOMPRESSED_MIB, LAYERS, MIB, WINDOW
from kina_audit.base.datatype import datatype
from kina_audit.errors import SourceTooLargeError


@datatype
class Limits:
    """Bounds on reading one image or archive, in bytes unless said otherwise.

    Attributes:
        layer: what one compressed layer may expand to.
        total: what all layers together may expand to.
        depth: how many containers or compressed layers may stand inside each other.
        window: the history a decompressor may hold. The kernel's own xz and zstd payloads ask for 128 MiB
            (scripts/xz_wrap.sh, `zstd -22 --ultra`); each nested one gets half of the one around it.
    """

    layer: int = DECOMPRESSED_MIB * MIB
    total: int = DECOMPRESSED_MIB * MIB
    depth: int = LAYERS
    window: int = WINDOW


class Budget:
    """Counts what comes out of decompressors, and stops at the limit.

    Args:
        limits: the bounds.
        name: what the input is called in messages.
        tick: called with how much came out so far, for progress.
    """

    __slots__ = ("limits", "name", "spent", "tick")

    def __init__(self, limits: Limits, name: str, tick: Callable[[int], None] | None = None) -> None:
        self.limits = limits
        self.name = name
        self.spent = 0
        self.tick = tick

    def spend(self, count: int, layer: int, where: str) -> None:
        """Account for ``count`` more bytes of a layer that has now produced ``layer`` bytes.

        Raises:
            SourceTooLargeError: the layer's or the total limit is passed.
        """
        self.spent += count
        if layer > self.limits.layer:
            raise self._over(f"{where} expands to more than {self.limits.layer // MIB} MiB")
        if self.spent > self.limits.total:
            raise self._over(
                f"more than {self.limits.total // MIB} MiB came out of its compressed layers, last {where}"
            )
        if self.tick is not None:
            self.tick(self.spent)

    def _over(self, what: str) -> SourceTooLargeError:
        return SourceTooLargeError(
            f"{self.name}: {what}", "If this is real, raise the bound (in MiB) with --max-decompressed."
        )


class ArchiveBudget(Budget):
    """For an archive that is read past, never held: real ones are larger than the limit, so their ratio decides.

    Kata's releases expand to some gigabytes, at 3 to 5 times their size; a bomb expands a thousandfold.
    """

    __slots__ = ("taken",)

    RATIO = ARCHIVE_RATIO
    HARD_LIMIT = 64 * 1024 * MIB

    def __init__(
        self, limits: Limits, name: str, taken: Callable[[], int], tick: Callable[[int], None] | None = None
    ) -> None:
        super().__init__(limits, name, tick)
        self.taken = taken

    def spend(self, count: int, layer: int, where: str) -> None:  # noqa: ARG002
        """As `Budget.spend`, but past the limit only data that expands more than `RATIO` times is refused."""
        self.spent += count
        if self.spent > self.limits.total and self.spent > min(self.taken() * self.RATIO, self.HARD_LIMIT):
            raise self._over(
                f"more than {self.limits.total // MIB} MiB came out of {self.taken() // 1024 or 1} KiB of it, which no "
                f"kernel archive does ({where})"
            )
        if self.tick is not None:
            self.tick(self.spent)
