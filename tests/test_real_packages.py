"""Debian's own kernel packages of two architectures, and an RPM that rpmbuild made: the config member is found."""

import shutil
import subprocess
from pathlib import Path

import pytest

from kina_audit.api import audit, load_kernel, load_profiles
from kina_audit.kernel.modules import files_of, named
from tests.conftest import alone
from tests.debian_apt import apt

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module", params=["arm64", "amd64"])
def package(request: pytest.FixtureRequest) -> Path:
    arch = str(request.param)
    if shutil.which("apt-get") is None:
        pytest.skip("no apt-get on this machine")
    with alone(f"packages-{arch}") as cache:
        folder = cache / f"packages-{arch}"
        folder.mkdir(exist_ok=True)
        found = list(folder.glob("linux-image-*.deb"))
        if not found:
            apt(arch, folder, "apt-get", "update", "-qq")
            depends = apt(arch, folder, "apt-cache", "depends", f"linux-image-cloud-{arch}")
            name = next(line.split(": ")[1].strip() for line in depends.splitlines() if "Depends: linux-image-" in line)
            apt(arch, folder, "apt-get", "download", "-qq", f"{name}:{arch}")
            found = list(folder.glob("linux-image-*.deb"))
        return found[0]


def test_the_config_member_is_found_and_audited(package: Path) -> None:
    kernel = load_kernel(str(package))
    assert "!boot/config-" in kernel.provenance.location
    assert kernel.config.arch == ("arm64" if "arm64" in package.name else "x86_64")
    assert len(kernel.config.raw) > 3000
    report = audit(kernel, load_profiles())
    assert report.decided > 50
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True).stdout
    member = kernel.provenance.location.partition("!")[2]
    wanted = subprocess.run(["tar", "-xO", f"./{member}"], input=listed, capture_output=True, check=True).stdout
    assert kernel.config_bytes == wanted


def test_every_module_that_debian_ships_is_found(package: Path, tmp_path: Path) -> None:
    """No false alarm: what profiles name, Debian builds as m and ships; unpacked, and after depmod."""
    subprocess.run(["dpkg-deb", "-x", str(package), str(tmp_path)], check=True)
    kernel = load_kernel(str(tmp_path))
    known = [s for s in named() if kernel.config.written(s).value == "m" and files_of(s, kernel.config)]
    assert len(known) > 150
    assert kernel.config.predicted == {}
    [folder] = [*tmp_path.glob("lib/modules/*"), *tmp_path.glob("usr/lib/modules/*")]
    [vxlan] = folder.rglob("vxlan.ko*")
    vxlan.unlink()
    if depmod := shutil.which("depmod", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        subprocess.run([depmod, "-b", str(tmp_path), folder.name], check=True, capture_output=True)
        assert (folder / "modules.dep").exists()
    assert list(load_kernel(str(tmp_path)).config.predicted) == ["VXLAN"]


@pytest.mark.parametrize("payload", ["w9.gzdio", "w7.xzdio", "w3.zstdio"])
def test_an_rpm_that_rpmbuild_made(tmp_path: Path, payload: str) -> None:
    if shutil.which("rpmbuild") is None:
        pytest.skip("rpmbuild is not installed")
    config = ROOT / "fixtures/images.config"
    spec = tmp_path / "kernel.spec"
    spec.write_text(
        f"%define _binary_payload {payload}\nName: kernel-core\nVersion: 6.12.3\nRelease: 1\nSummary: x\nLicense: x\n"
        "BuildArch: noarch\n%description\nx\n%install\nmkdir -p %{buildroot}/lib/modules/6.12.3\n"
        f"cp {config} %{{buildroot}}/lib/modules/6.12.3/config\nln -s ../x %{{buildroot}}/lib/modules/6.12.3/build\n"
        "%files\n/lib/modules/6.12.3\n"
    )
    command = ["rpmbuild", "-bb", "--define", f"_topdir {tmp_path}", "--nodeps", str(spec)]
    subprocess.run(command, capture_output=True, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})
    (built,) = tmp_path.glob("RPMS/noarch/*.rpm")
    assert load_kernel(str(built)).config_bytes == config.read_bytes()
