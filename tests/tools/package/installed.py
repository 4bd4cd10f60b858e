#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether what `cmake --install` hands out stands alone: run paths, a C++ program by find_package(), a C99 program by
pkg-config, the program's runs, the Python package, manual pages and completion.

Usage: installed.py BUILD [PREFIX]
Installs BUILD into a scratch folder, or takes what is installed in PREFIX (BUILD is "-" then). Ends with 0, 1, or 2
(bad usage).
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
BUILD = PREFIX = SCRATCH = None
TICKS = "160"


def run(*command, **environment):
    """Standard output of a command, in the scratch folder; what it said is the failure's text."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=SCRATCH,
                          env={**os.environ, **{key: str(value) for key, value in environment.items()}})
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def only(pattern):
    found = sorted(PREFIX.glob(pattern))
    assert len(found) == 1, (pattern, found)
    return found[0]


class Installed(unittest.TestCase):
    def test_leads_nowhere_else(self):
        binaries = [path for path in PREFIX.rglob("*") if ("apical" in path.name or "apical" in path.parts)
                    and path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF"]
        self.assertEqual(len(binaries), 4, binaries)  # program, two libraries, Python's module
        for path in binaries:
            self.assertNotRegex(run("readelf", "--dynamic", "--wide", path), r"\((RPATH|RUNPATH)\)", path)
        if BUILD is None:
            return
        source = re.search("^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", (BUILD / "CMakeCache.txt").read_text(), re.M).group(1)
        for path in [*PREFIX.rglob("*.cmake"), *PREFIX.rglob("*.pc"), *PREFIX.rglob("*.toml")]:
            for folder in (str(BUILD), source):
                self.assertNotIn(folder + "/", path.read_text(), path)

    def test_serves_programs_of_others(self):
        config = only("share/apical/tools/configs/digits8.toml")
        run("cmake", "-S", CONSUMER, "-B", "by-cmake", f"-DCMAKE_PREFIX_PATH={PREFIX}")
        run("cmake", "--build", "by-cmake")
        libraries = only("lib*/**/pkgconfig/apical_c.pc").parent
        flags = run("pkg-config", "--cflags", "--libs", "apical_c", PKG_CONFIG_PATH=libraries).split()
        run("cc", "-std=c99", "-pedantic", "-Wall", "-Werror", CONSUMER / "consumer.c", "-o", "by-pkg-config", *flags)
        flags = run("pkg-config", "--cflags", "--libs", "apical", PKG_CONFIG_PATH=libraries).split()
        run("c++", "-std=c++17", CONSUMER / "consumer.cpp", "-o", "by-pkg-config-cpp", *flags)
        found = {run(SCRATCH / program, config, LD_LIBRARY_PATH=libraries.parent)
                 for program in ("by-cmake/consumer", "by-cmake/consumer_c", "by-pkg-config", "by-pkg-config-cpp")}
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found.pop(), "^[0-9a-f]{32}\n$")

    def test_the_program_finds_what_it_needs(self):
        apical = PREFIX / "bin" / "apical"
        listed = {row["file"] for row in json.loads(run(apical, "list", "--json"))}
        self.assertEqual(listed, {str(path) for path in (PREFIX / "share/apical/tools/configs").glob("*.toml")})
        config = only("share/apical/tools/configs/digits8.toml")
        run(apical, "run", config, "--machine", "emulator", "--ticks", TICKS, "--set", "task.test_limit=5", "--out", "run")
        run(apical, "verify", config, "--upto", "emulator", "--ticks", TICKS)
        run(apical, "vectors", "export", config, "--ticks", "4", "--out", "vectors")  # has the Verilog in it
        self.assertTrue(any((SCRATCH / "vectors").rglob("apical_core.sv")))

    def test_python_is_the_same_machine(self):
        package = only("lib*/**/apical/__init__.py").parent.parent
        config = only("share/apical/tools/configs/digits8.toml")
        code = f"import apical\nc = apical.load({str(config)!r}, {{'task.test_limit': 5, 'run.ticks': {TICKS}}})\n" \
               "print(apical.run(c, 'emulator', quiet=True).result.state_digest)"
        digest = run("/usr/bin/python3", "-c", code, PYTHONPATH=package).strip()
        run(PREFIX / "bin" / "apical", "run", config, "--machine", "emulator", "--ticks", TICKS,
            "--set", "task.test_limit=5", "--out", "same")
        machines = json.loads((SCRATCH / "same" / "result.json").read_text())["machines"]
        self.assertEqual(digest, machines[0]["state_digest"])

    def test_has_a_page_per_command(self):
        apical = PREFIX / "bin" / "apical"
        commands = re.findall(r"^  (\w[\w-]*) ", run(apical, "--help").split("Subcommands:")[1], re.M)
        self.assertIn("run", commands)
        for command in commands:
            page = only(f"share/man/man1/apical-{command}.1").read_text().replace("\\-", "-")
            for option in re.findall(r"--[a-z-]+", run(apical, command, "--help").split("Example")[0]):
                self.assertIn(option, page, command)

    def test_completes(self):
        script = only("share/bash-completion/completions/apical")
        for line, word in ((["ru"], "run"), (["run", "--mach"], "--machine"), (["vectors", "exp"], "export"),
                           (["vectors", "export", "--prof"], "--profile"), (["verify", "--upto", "ne"], "netlist"),
                           (["run", "--help", "--thr"], "--threads")):
            code = f"source {script}; COMP_WORDS=(apical {' '.join(line)}); COMP_CWORD={len(line)}; _apical; " \
                   "echo ${COMPREPLY[@]}"
            self.assertIn(word, run("bash", "--norc", "-c", code).split(), line)
        code = f"source {script}; COMP_WORDS=(apical run digits); COMP_CWORD=2; _apical; echo ${{#COMPREPLY[@]}}"
        self.assertEqual(run("bash", "--norc", "-c", code), "0\n")  # bash goes on with files


def main(build, prefix=None):
    global BUILD, PREFIX, SCRATCH
    with tempfile.TemporaryDirectory() as folder:
        SCRATCH = pathlib.Path(folder).resolve()
        PREFIX = pathlib.Path(prefix).resolve() if prefix else SCRATCH / "prefix"
        if prefix is None:
            BUILD = pathlib.Path(build).resolve()
            run("cmake", "--install", BUILD, "--prefix", PREFIX)
        done = unittest.main(argv=[sys.argv[0]], exit=False)
    return 0 if done.result.wasSuccessful() else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
