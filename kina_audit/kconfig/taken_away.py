"""What a fragment costs: what a config asked for and had, and does not have with it."""

from kina_audit.kconfig.resolve import Resolution


def taken_away(start: Resolution, state: Resolution) -> bool:
    """Whether a state lost something of a config beyond the member of a choice that another one replaces."""
    solver, index = state.solver, state.tree.model.index
    return any(
        index[name] not in solver.choice_of or solver.member(solver.choice_of[index[name]]) < 0
        for name, _ in turned_off(start, state)
    )


def turned_off(start: Resolution, state: Resolution) -> list[tuple[str, str]]:
    """What a config asked for and had, and a state lost, with its value; what a person can see and set comes first."""
    found: list[tuple[bool, str, str]] = []
    model = start.tree.model
    for name, row in start.requested.items():
        sym = model.index.get(name)
        if sym is None or row.value not in ("y", "m") or model.types[sym] not in "bt":
            continue
        before = start.solver.tri(sym)
        if before and state.solver.tri(sym) < before:
            found.append((not model.prompts[sym], name, state.value(name)))
    return [(name, value) for _, name, value in sorted(found)]
