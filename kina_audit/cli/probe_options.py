"""Trying the running kernel beside an audit: the options, and what `check --probe` tries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from kina_audit.cli.help import PROBE
from kina_audit.cli.parameters import option
from kina_audit.cli.source_options import LONGEST, a_number

if TYPE_CHECKING:
    from kina_audit.engine.probed import Probing
    from kina_audit.kernel.provenance import Kernel
    from kina_audit.profiles.load import ProfileLibrary
    from kina_audit.profiles.model import Profile
    from kina_audit.sources.options import SourceOptions

ProbeOption = Annotated[
    bool,
    option(
        "--probe",
        help="With the source running: also try what profiles ask for; see `kina-audit probe`.",
        group=PROBE,
    ),
]
SecondsOption = Annotated[
    float,
    option(
        "--probe-timeout",
        metavar="SECONDS",
        least=0.1,
        most=LONGEST,
        checked=a_number,
        help="How long one probe may take. [20]",
        group=PROBE,
    ),
]
NoModulesOption = Annotated[
    bool,
    option("--no-new-modules", help="Leave out probes for which the kernel would load a module.", group=PROBE),
]


def beside(
    source: str,
    kernel: "Kernel",
    profiles: "Sequence[Profile]",
    library: "ProfileLibrary | None",
    options: "SourceOptions",
    seconds: float,
    no_new_modules: bool,
) -> "Probing":
    """What `check running --probe` tries: for the selected profiles, and for Cilium's with the library they come from.

    Raises:
        UsageError: the kernel that is audited is not the one that runs, or nothing selected has a probe.
        NothingCheckedError: nothing could be tried.
    """
    from kina_audit.api import CILIUM_TAG
    from kina_audit.cli.probe import planned, tried
    from kina_audit.errors import UsageError
    from kina_audit.kernel.config import Origin

    if source != "running":
        raise UsageError(
            f"--probe tries the kernel that runs, and {source} is audited",
            "Use `check running --probe`, or `probe FILE` for a config of the running kernel.",
        )
    if kernel.config.origin is Origin.INPUT:
        raise UsageError(
            "--probe tries the kernel that runs, and what is audited is what would be built from its config",
            "Leave out --probe, or --fragment, --target-kernel and --kernel-tree.",
        )
    wanted = [*profiles, *(library.tagged(CILIUM_TAG) if library else ())]
    return tried(planned(wanted)[0], kernel, options, seconds=seconds, no_new_modules=no_new_modules)
