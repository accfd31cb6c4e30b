"""Coverage-guided fuzzing of everything that reads untrusted bytes: images, archives, compressed text.

    python tests/fuzz_sources.py -runs=200000 -max_len=16384 -rss_limit_mb=300 fixtures/images fixtures/archives

Anything but one of our own errors, or more memory than the limit, ends it with the input that did it. The first byte of
an input says how it is read; libFuzzer keeps what reaches new code.
"""

import io
import sys
from contextlib import contextmanager

import atheris

with atheris.instrument_imports(include=["kina_audit.kernel", "kina_audit.sources"]):
    from kina_audit.bounds import MIB
    from kina_audit.errors import KinaAuditError
    from kina_audit.kernel.compression.limits import Budget, Limits
    from kina_audit.kernel.compression.reader import CallReader, Reader, ViewReader
    from kina_audit.sources.archive.read import read_archive
    from kina_audit.sources.content import Kind, kind_of, read_config
    from kina_audit.sources.guest.script import read_answer

LIMITS = Limits(layer=48 * MIB, total=64 * MIB, window=32 * MIB)


def one_input(data: bytes) -> None:
    way, data = (data[0] if data else 0), data[1:] if len(data) % 3 == 0 else data

    @contextmanager
    def opened():
        yield CallReader(io.BytesIO(data).read), None if way % 2 else io.BytesIO(data)

    reader: Reader = CallReader(io.BytesIO(data).read) if way % 2 else ViewReader(memoryview(data))
    try:
        if way % 16 == 7:
            read_answer(data, "fuzz")
        elif way % 8 == 3 or kind_of(reader) is Kind.ARCHIVE:
            read_archive(opened, "fuzz", "boot/config-1" if way % 8 == 5 else "", LIMITS)
        else:
            read_config(reader, "fuzz", Budget(LIMITS, "fuzz"))
    except KinaAuditError as error:
        assert error.message  # noqa: PT017 - no test function: libFuzzer calls this


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
