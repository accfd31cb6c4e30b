"""What the user asks of the advice, and what became of each wish."""

from collections.abc import Iterable

from kina_audit.base.datatype import datatype
from kina_audit.base.near import hint, near
from kina_audit.cilium.features import feature_ids
from kina_audit.cilium.model import LADDER, Mode
from kina_audit.errors import UsageError

KUBE_PROXY_REPLACEMENT = "kube-proxy-replacement"
IPV6 = "ipv6"


@datatype
class Request:
    """Wishes.

    Attributes:
        want: features that must be on.
        avoid: features that must not be used.
        least: the worst mode that will do; None: any.
        preset: where the nodes run, whose values are kept; empty: nowhere in particular.
    """

    want: tuple[str, ...] = ()
    avoid: frozenset[str] = frozenset()
    least: Mode | None = None
    preset: str = ""


def make_request(
    want: Iterable[str] = (), avoid: Iterable[str] = (), *, ipv6: bool = False, keep_kube_proxy: bool = False,
    min_mode: str = "", preset: str = "",
) -> Request:  # fmt: skip
    """Wishes as the command line gives them.

    Raises:
        UsageError: an unknown feature, mode or preset, or a feature that is both wanted and avoided.
    """
    wanted = dict.fromkeys([*want, *([IPV6] if ipv6 else [])])
    avoided = frozenset([*avoid, *([KUBE_PROXY_REPLACEMENT] if keep_kube_proxy else [])])
    for name in [*wanted, *sorted(avoided)]:
        _check(name)
    if both := avoided & wanted.keys():
        raise UsageError(f"{', '.join(sorted(both))}: both wanted and avoided", "Drop one of the two options.")
    if preset:
        from kina_audit.cilium.presets import find_preset

        find_preset(preset)
    return Request(tuple(wanted), avoided, parse_mode(min_mode, "--min-mode") if min_mode else None, preset)


def parse_mode(text: str, option: str) -> Mode:
    """A mode that Cilium runs in, by its name.

    Raises:
        UsageError: there is no such mode; the message names the option and lists them.
    """
    modes = [str(m) for m in LADDER[:-1]]
    if text not in modes:
        raise UsageError(f"{option} {text}: not one of {', '.join(modes)}{near(text, modes)}")
    return Mode(text)


def _check(name: str) -> None:
    known = feature_ids()
    if name not in known:
        raise UsageError(f"no feature {name!r}", hint(name, known, 3, 0.6) or f"Known: {', '.join(known)}.")
