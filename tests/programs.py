#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What may be called: the programs of tools/setup's packages, of what they depend on, and of a bare Debian.

A machine on which a project is developed has more installed than the project says, so what is missing from
tools/setup isn't missed there. Two ways to find it:

  programs.py check         every program that scripts, CMake and commands in C++ call is one of those, and every
                            header of the system that sources include; exit 1 if not
  programs.py link FOLDER   fills FOLDER with links to them, a PATH on which nothing else is found
  --lint                    with `link`: those of `tools/setup --lint` as well
"""
import functools
import glob
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]

# Functions of tests/debian_root.sh, which two scripts source.
DEBIAN_ROOT = {"make_root", "leave_root", "bare"}
# Called where nothing of the two commands of README.md needs it; the script says itself what it lacks.
ON_REQUEST = {
    "tools/fetch-mnist": {"npm"},
    "tools/fetch-fashion-mnist": {"apt-get"},
    "tools/study/sweep.sbatch": {"srun"},
    "tests/bare-root": {"strace", "apt-get", *DEBIAN_ROOT},
    "tests/package-root": {"apt-get", *DEBIAN_ROOT},
    "tests/debian_root.sh": {"debootstrap", "apt-get"},
}
# Programs that run the one named after their options.
RUNNERS = {"exec", "env", "xargs", "timeout", "nice", "sudo", "time", "nohup", "command", "strace", "chroot"}


@functools.lru_cache
def installed():
    """Of every package: what it depends on, whether a bare Debian has it, and what it provides."""
    form = "${db:Status-Status}\t${Package}\t${Essential}\t${Priority}\t${Depends}, ${Pre-Depends}\t${Provides}\n"
    text = subprocess.run(["dpkg-query", "--show", "--showformat=" + form], check=True, capture_output=True,
                          text=True).stdout
    packages, provided = {}, {}
    for line in text.splitlines():
        status, name, essential, priority, depends, provides = line.split("\t")
        if status != "installed":
            continue
        packages[name] = (depends, essential == "yes" or priority == "required" or name == "apt")
        for other in re.findall(r"[a-z0-9][a-z0-9+.-]+", re.sub(r"\([^)]*\)", "", provides)):
            provided.setdefault(other, name)
    return packages, provided


def packages_of_setup(lint):
    text = (ROOT / "tools/setup").read_text()
    names = re.search(r"\npackages=\((.*?)\)", text, re.S).group(1).split()
    return names + (re.search(r"--lint\) packages\+=\((.*?)\)", text).group(1).split() if lint else [])


def lint_is_there():
    packages, _ = installed()
    return all(name in packages for name in packages_of_setup(lint=True))


def closure(names):
    """The packages that `apt-get install --no-install-recommends` brings a bare Debian to."""
    packages, provided = installed()
    missing = [name for name in names if name not in packages]
    if missing:
        sys.exit(f"programs: not installed: {' '.join(missing)}; run tools/setup")
    todo = names + [name for name, (_, bare) in packages.items() if bare]
    found = set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for group in packages[name][0].split(","):
            # apt takes the first alternative that can be had; here, that is there.
            for choice in re.findall(r"([a-z0-9][a-z0-9+.-]+)(?::\w+)?(?:\s*\([^)]*\))?", group):
                choice = choice if choice in packages else provided.get(choice)
                if choice:
                    todo.append(choice)
                    break
    return found


@functools.lru_cache
def files_of_setup(lint=False):
    """Every file of those packages, without /usr."""
    files = set()
    for package in closure(packages_of_setup(lint)):
        for listed in pathlib.Path("/var/lib/dpkg/info").glob(f"{package}.list"), \
                pathlib.Path("/var/lib/dpkg/info").glob(f"{package}:*.list"):
            for one in listed:
                files.update(re.sub("^/usr", "", line) for line in one.read_text().splitlines())
    return files


def programs(lint=False):
    """Name of every program that may be called -> its path."""
    files = files_of_setup(lint)
    found = {}
    for folder in FOLDERS:
        for entry in sorted(os.scandir(folder), key=lambda e: e.name):
            # What `update-alternatives` links is no package's, but leads to one's.
            for path in (entry.path, os.path.realpath(entry.path)):
                if re.sub("^/usr", "", path) in files and os.access(entry.path, os.X_OK):
                    found.setdefault(entry.name, entry.path)
    return found


def words(call):
    """The words of a call in the syntax tree of shfmt, with a question mark for what only running would tell."""
    for word in call.get("Args") or []:
        parts = word["Parts"]
        while len(parts) == 1 and parts[0]["Type"] == "DblQuoted":
            parts = parts[0].get("Parts") or []
        yield "".join(p["Value"] if p["Type"] in ("Lit", "SglQuoted") else "?" for p in parts)


def nodes(tree):
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


def called_by_shell(text, language="bash"):
    """Names of the programs that a shell script calls."""
    done = subprocess.run(["shfmt", "-tojson", "-ln", language], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        return None
    tree = json.loads(done.stdout)
    own = {n["Name"]["Value"] for n in nodes(tree) if n.get("Type") == "FuncDecl"}
    names = set()
    for node in nodes(tree):
        if node.get("Type") != "CallExpr":
            continue
        rest = list(words(node))
        while rest:
            name = rest.pop(0)
            names.add(name)
            if name not in RUNNERS:
                break
            if name == "command" and rest and rest[0] in ("-v", "-V"):
                break
            while rest and re.match(r"-|\w+=|\W*[\d.]*$", rest[0]):
                rest.pop(0)
    builtin = subprocess.run(["bash", "-c", "compgen -b -k"], capture_output=True, text=True, check=True).stdout
    return {n for n in names - own - set(builtin.split()) if re.fullmatch(r"[A-Za-z][\w.+-]*", n)}


def called_by_cpp(text):
    """Names of the programs in the literals that C++ hands to a shell."""
    names = set()
    for call in re.finditer(r"\b(?:run_tools|popen|version_of|std::system)\(\s*(?:fmt::format\(\s*)?((?:\"(?:[^\"\\]|\\.)*\"\s*)+)",
                            text):
        literals = re.findall(r'"((?:[^"\\]|\\.)*)"', call.group(1))
        command = "".join(literals).encode().decode("unicode_escape")
        command = re.sub(r"\{\d*\}", "/x", command).replace("{{", "{").replace("}}", "}")
        names |= called_by_shell(command + "\n") or set(re.findall(r"^[\w+-]+", command))
    return names


def header_folders():
    """Where the compiler looks for headers by itself, and what packages add to that."""
    done = subprocess.run(["g++", "-E", "-v", "-x", "c++", os.devnull], capture_output=True, text=True, check=True)
    own = re.search(r"search starts here:\n(.*?)End of search", done.stderr, re.S).group(1).split()
    added = ["include/eigen3", "include/hdf5/serial", "include/python3*", "share/verilator/include",
             "share/verilator/include/vltstd", "lib/*/openmpi/include"]
    return [os.path.realpath(folder) for folder in own + [f for one in added for f in glob.glob(f"/usr/{one}")]]


def headers_missing(text, files, folders):
    """The headers of a source that no package has, and how many it includes."""
    included = set(re.findall(r"^\s*#\s*include\s*<([^>]+)>", text, re.M))
    # A library's own folder may be read before the one that has the name in a package.
    places = {header: [f"{folder}/{header}" for folder in folders if os.path.exists(f"{folder}/{header}")]
              for header in included}
    return len(included), sorted(header for header, where in places.items()
                                 if not any(re.sub("^/usr", "", place) in files for place in where))


def check():
    tracked = subprocess.run(["git", "-C", ROOT, "ls-files"], check=True, capture_output=True, text=True).stdout.split()
    # Who only builds and tests has no need of lint's packages.
    with_lint = lint_is_there()
    known, known_to_lint, seen, status = programs(), programs(lint=True) if with_lint else {}, 0, 0
    folders, headers = header_folders(), 0
    for name in tracked:
        path = ROOT / name
        text = path.read_text(errors="replace") if path.is_file() else ""
        if name.endswith((".cpp", ".hpp")):
            count, missing = headers_missing(text, files_of_setup(), folders)
            headers += count
            for header in missing:
                print(f"programs: {name} includes <{header}>, which no package of tools/setup brings")
                status = 1
        if re.match(r"#!.*\b(ba)?sh\b", text):
            called = called_by_shell(text)
            if called is None:
                sys.exit(f"programs: {name}: no shell script")
        elif name.endswith(".cpp") and not name.startswith("tests/"):
            called = called_by_cpp(text)
        elif name.endswith("CMakeLists.txt"):
            called = set(re.findall(r"find_program\(\w+\s+([\w.+-]+)", text))
        else:
            continue
        seen += len(called)
        if name == "tools/lint" and not with_lint:
            continue
        may = set(known_to_lint if name == "tools/lint" else known) | ON_REQUEST.get(name, set())
        for program in sorted(called - may):
            print(f"programs: {name} calls {program}, which no package of tools/setup brings")
            status = 1
    if seen < 50 or headers < 500:
        sys.exit(f"programs: only {seen} calls and {headers} includes found: they aren't looked for in the right way")
    print(f"programs: {seen} calls and {headers} includes in {len(tracked)} files" +
          ("" if status else ", all of packages that tools/setup names"))
    sys.exit(status)


def link(folder, lint):
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in programs(lint).items():
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(path)


def main():
    arguments = sys.argv[1:]
    lint = "--lint" in arguments
    arguments = [a for a in arguments if a != "--lint"]
    if arguments == ["check"] and not lint:
        check()
    elif len(arguments) == 2 and arguments[0] == "link":
        link(pathlib.Path(arguments[1]), lint)
    else:
        print(__doc__, file=sys.stderr if arguments != ["--help"] else sys.stdout)
        sys.exit(0 if arguments == ["--help"] else 2)


main()
