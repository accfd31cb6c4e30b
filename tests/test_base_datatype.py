"""`base.datatype` against the standard library's decorator."""

import dataclasses
import pickle
from typing import Any

import pytest

from kina_audit.base.datatype import datatype, field


def both(frozen: bool = True) -> list[Any]:
    def fields_of(one: Any) -> dict[str, Any]:
        return {
            "a": one(repr=False), "b": one(default=2, compare=False), "c": one(default_factory=list),
            "d": one(default=5, init=False),
        }  # fmt: skip

    def after(self: Any) -> None:
        object.__setattr__(self, "d", self.b + 1)

    def space(one: Any) -> dict[str, Any]:
        said = fields_of(one)
        del said["a"]
        return {
            "__annotations__": {"z": int, "a": str, "b": int, "c": list, "d": int}, "__post_init__": after,
            "a": fields_of(one)["a"], **said, "__module__": __name__, "__qualname__": "Both",
        }  # fmt: skip

    theirs = dataclasses.dataclass(frozen=frozen, slots=True)(type("Both", (), space(dataclasses.field)))
    return [theirs, datatype(frozen=frozen)(type("Both", (), space(field)))]


@pytest.mark.parametrize("frozen", [True, False])
def test_as_the_standard_decorator_does(frozen: bool) -> None:
    told = []
    standard, ours = both(frozen)
    for _ in range(100):
        ours(1, "x")
    # The third one has its constructor compiled by now.
    for cls in (standard, both(frozen)[1], ours):
        one, same, other = cls(1, "x"), cls(1, a="x", b=9), cls(z=1, a="y")
        seen: list[Any] = [repr(one), one == same, one == other, one == (1, "x"), one.d, same.d]
        seen += [dataclasses.asdict(one), [f.name for f in dataclasses.fields(cls)], cls.__match_args__]
        changed = dataclasses.replace(one, a="z", c=[1])
        seen += [repr(changed), changed.a, changed.c, one.c, not hasattr(one, "__dict__")]
        for wrong in (lambda cls=cls: cls(), lambda cls=cls: cls(1, "x", nothing=3), lambda cls=cls: cls(*range(9))):
            with pytest.raises(TypeError):
                wrong()
        if frozen:
            seen.append(hash(cls(1, "x", 2, ())) == hash(cls(1, "x", 3, ())))
            with pytest.raises(dataclasses.FrozenInstanceError):
                one.z = 3
            with pytest.raises(dataclasses.FrozenInstanceError):
                del one.z
        else:
            one.z = 3
            seen.append(one.z)
            with pytest.raises(TypeError):
                hash(one)
        # Python 3.11's own says TypeError.
        with pytest.raises((AttributeError, TypeError)):
            one.unknown = 3
        told.append(seen)
    assert told[0] == told[1] == told[2]


@datatype
class Base:
    """Somebody's."""

    name: str
    size: int = 0

    @property
    def text(self) -> str:
        """What it is called."""
        return self.name


@datatype
class Longer(Base):
    """With one more."""

    more: str = ""

    @property
    def text(self) -> str:
        """What it is called, and more."""
        return Base.text.fget(self) + self.more  # type: ignore[attr-defined]


def test_classes_are_inherited_and_pickled() -> None:
    one = Longer("a", more="b")
    assert (one.text, one.size, repr(one)) == ("ab", 0, "Longer(name='a', size=0, more='b')")
    assert one != Base("a")
    assert pickle.loads(pickle.dumps(one)) == one
    assert dataclasses.replace(one, size=3) == Longer("a", 3, "b")
