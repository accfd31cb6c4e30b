"""How much an untrusted image may make us do."""

from dataclasses import dataclass

from kina_audit.errors import SourceTooLargeError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on reading one image, in bytes unless said otherwise.

    Attributes:
        layer: what one compressed layer may expand to.
        total: what all layers together may expand to.
        depth: how many containers or compressed layers may stand inside each other.
        window: the history a decompressor may hold. The kernel's own xz and zstd payloads ask for 128 MiB
            (scripts/xz_wrap.sh, `zstd -22 --ultra`); each nested one gets half of the one around it.
    """

    layer: int = 512 * MIB
    total: int = 512 * MIB
    depth: int = 4
    window: int = 128 * MIB


class Budget:
    """Counts what comes out of decompressors, and stops at the limit."""

    __slots__ = ("limits", "name", "spent")

    def __init__(self, limits: Limits, name: str) -> None:
        self.limits = limits
        self.name = name
        self.spent = 0

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

    def _over(self, what: str) -> SourceTooLargeError:
        return SourceTooLargeError(
            f"{self.name}: {what}", "If this is a real kernel, raise the bound with --max-decompressed."
        )
