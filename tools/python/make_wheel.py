# SPDX-License-Identifier: Apache-2.0
"""Makes a wheel of the package by CMake, for the interpreter that runs this (PEP 517; pyproject.toml names it).

    pip install --no-build-isolation tools/python
    pip install --no-build-isolation -C build-dir=build tools/python     # from a build folder that is there

Without build-dir the package is built in build/wheel-TAG. Beside it the wheel has what machines run from, hw/ and
configurations, as share/apical of the environment.
"""
import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TAG = f"cp{sys.version_info.major}{sys.version_info.minor}"
WHEEL_TAG = f"{TAG}-{TAG}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def _cmake(*arguments):
    subprocess.run(["cmake", *map(str, arguments)], check=True)


def _installed(build, into):
    """Installs package and data into a folder; returns the package's."""
    if not (build / "CMakeCache.txt").exists():
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        _cmake("-S", ROOT, "-B", build, *generator, "-DCMAKE_BUILD_TYPE=Release", "-DAPICAL_TESTS=OFF",
               f"-DPython3_EXECUTABLE={sys.executable}")
    _cmake("--build", build, "--target", "apical_python")
    for component in ("python", "data"):
        _cmake("--install", build, "--component", component, "--prefix", into)
    module = f"_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    found = list(into.glob(f"**/apical/{module}"))
    if len(found) != 1:
        raise RuntimeError(f"{build}: no apical/{module}; accepted: a folder built for {sys.executable}")
    return found[0].parent


def _metadata(project, version):
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}", f"Version: {version}",
             f"Summary: {project['description']}", "License: Apache-2.0",
             f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {one}" for one in project["dependencies"]]
    for extra, needed in project["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}", *(f'Requires-Dist: {one}; extra == "{extra}"' for one in needed)]
    return "\n".join(lines) + "\n"


def _version():
    return re.search(r"project\(apical VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):  # pylint: disable=unused-argument
    """Writes the wheel into a folder and returns its name."""
    build = pathlib.Path((config_settings or {}).get("build-dir", ROOT / "build" / f"wheel-{TAG}")).resolve()
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    base = f"{project['name']}-{_version()}"
    with tempfile.TemporaryDirectory() as folder:
        staged = pathlib.Path(folder)
        package = _installed(build, staged)
        files = [(f"apical/{path.name}", path) for path in sorted(package.iterdir())]
        files += [(f"{base}.data/data/{path.relative_to(staged)}", path)
                  for path in sorted((staged / "share").rglob("*")) if path.is_file()]
        texts = {"METADATA": _metadata(project, _version()),
                 "WHEEL": f"Wheel-Version: 1.0\nGenerator: apical\nRoot-Is-Purelib: false\nTag: {WHEEL_TAG}\n"}
        for name, text in texts.items():
            (staged / name).write_text(text)
            files.append((f"{base}.dist-info/{name}", staged / name))
        (staged / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
        files.append((f"{base}.dist-info/LICENSE", staged / "LICENSE"))
        record = ""
        name = f"{base}-{WHEEL_TAG}.whl"
        with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
            for place, path in files:
                wheel.write(path, place)  # with its permissions: targets of synthesis are programs
                digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=").decode()
                record += f"{place},sha256={digest},{path.stat().st_size}\n"
            wheel.writestr(f"{base}.dist-info/RECORD", record + f"{base}.dist-info/RECORD,,\n")
    return name
