"""An image without its config, and the config that a distribution put beside it."""

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from kina_audit.errors import NoIkconfigError, SourceNotFoundError
from kina_audit.kernel.image.missing import no_ikconfig
from kina_audit.sources import open_source
from kina_audit.sources.options import SourceOptions

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
IMAGE = FIXTURES / "images/Image-no-ikconfig"
CONFIG = (FIXTURES / "images.config").read_bytes()
RELEASE = "6.12.3-fixture"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    shutil.copy(IMAGE, tmp_path / f"vmlinuz-{RELEASE}")
    return tmp_path


def test_the_config_of_the_same_name_and_line_is_taken_and_named(boot: Path) -> None:
    (boot / f"config-{RELEASE}").write_bytes(CONFIG)
    (boot / "config-6.1.0-other").write_bytes(CONFIG)
    said: list[str] = []
    kernel = open_source(str(boot / f"vmlinuz-{RELEASE}"), SourceOptions(say=said.append))
    assert kernel.config_bytes == CONFIG
    assert kernel.provenance.source == str(boot / f"vmlinuz-{RELEASE}")
    assert kernel.provenance.location == str(boot / f"config-{RELEASE}")
    assert kernel.provenance.kernel_release == RELEASE
    assert kernel.config.origin == "built"
    assert "holds no config; the one beside it is audited" in said[-1]
    assert said[-1] in kernel.provenance.notes


def test_a_kernel_in_its_own_modules_folder(tmp_path: Path) -> None:
    folder = tmp_path / "lib/modules" / RELEASE
    folder.mkdir(parents=True)
    shutil.copy(IMAGE, folder / "vmlinuz")
    (folder / "config").write_bytes(CONFIG)
    assert open_source(str(folder / "vmlinuz")).config_bytes == CONFIG


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({f"config-{RELEASE}": CONFIG.replace(b"6.12.3", b"6.18.5")}, f"config-{RELEASE} (Linux 6.18.5)"),
        ({f"config-{RELEASE}": b"no config"}, f"config-{RELEASE} (no config)"),
        ({f"config-{RELEASE}": b"\n".join(CONFIG.split(b"\n")[4:])}, "(no version in its header)"),
    ],
)
def test_one_that_is_not_certainly_its_own_is_only_named(boot: Path, files: dict[str, bytes], named: str) -> None:
    for name, data in files.items():
        (boot / name).write_bytes(data)
    with pytest.raises(NoIkconfigError) as caught:
        open_source(str(boot / f"vmlinuz-{RELEASE}"))
    assert named in caught.value.hint


def test_two_that_may_be_its_own_are_named(boot: Path) -> None:
    shutil.move(boot / f"vmlinuz-{RELEASE}", boot / "vmlinuz-6.12-mine")
    for name in (f"config-{RELEASE}", "config-6.12-mine"):
        (boot / name).write_bytes(CONFIG)
    with pytest.raises(NoIkconfigError) as caught:
        open_source(str(boot / "vmlinuz-6.12-mine"))
    assert f"config-{RELEASE}" in caught.value.hint
    assert "config-6.12-mine" in caught.value.hint


def test_a_folder_of_that_name_is_none(boot: Path) -> None:
    (boot / f"config-{RELEASE}").mkdir()
    with pytest.raises(NoIkconfigError, match="built without CONFIG_IKCONFIG=y"):
        open_source(str(boot / f"vmlinuz-{RELEASE}"))


@pytest.mark.parametrize(
    ("release", "package"),
    [
        ("6.1.0-13-amd64", "linux-image-6.1.0-13-amd64"),
        ("6.12.117+deb13-cloud-arm64", "linux-image-6.12.117+deb13-cloud-arm64"),
        ("6.19.6+deb14-amd64", "linux-base-6.19.6+deb14-amd64"),
        ("7.2.13+deb14-cloud-amd64", "linux-base-7.2.13+deb14-cloud-amd64"),
        ("10.0.1+deb20-amd64", "linux-base-10.0.1+deb20-amd64"),
    ],
)
def test_where_debian_keeps_a_kernels_config(release: str, package: str) -> None:
    hint = no_ikconfig("vmlinuz", (), release).hint
    assert f"of Debian's {package} .deb" in hint
    assert hint.count("Debian") == 1


def test_debians_empty_package_names_the_others(tmp_path: Path) -> None:
    release = "7.2.13+deb14-amd64"
    path = tmp_path / "any-name.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo(f"./usr/share/doc/linux-image-{release}")
        link.type, link.linkname = tarfile.SYMTYPE, f"linux-base-{release}"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("./usr/share/readme"), io.BytesIO())
    with pytest.raises(SourceNotFoundError) as caught:
        open_source(str(path))
    assert f"the config is in linux-base-{release}, the image in linux-binary-{release}" in caught.value.hint
