# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by bare-root and package-root: a Debian 12 of the packages that every one has.

# make_root ROOT LOG: debootstrap, with this machine's archives of Debian and its way to the network.
make_root() {
  local root=$1 log=$2 archive file
  # shellcheck disable=SC2016  # apt-get expands it
  archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Codename: bookworm' | head -n 1)
  [ -n "$archive" ] || { echo "${0##*/}: /etc/apt names no archive of Debian 12 (bookworm)" >&2; exit 2; }
  echo "${0##*/}: a bare Debian in $root"
  debootstrap --variant=minbase bookworm "$root" "$archive" >"$log" || { tail -n 20 "$log"; exit 1; }
  rm -rf "$root/etc/apt" && cp -a /etc/apt "$root/etc/apt"
  # Only Debian's own archives: what else this machine has isn't on a fresh one.
  grep --files-without-match --recursive --extended-regexp 'Suites: bookworm|debian.* bookworm' "$root/etc/apt/sources.list.d" | xargs --no-run-if-empty rm
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
    [ ! -e "$file" ] || { mkdir -p "$root$(dirname "$file")" && cp --dereference "$file" "$root$file"; }
  done
  mount --bind /proc "$root/proc"
  mount --bind /dev "$root/dev"
}

# leave_root ROOT PLACE...: unmounts what is mounted in it, lazily: what still runs in there must not keep it.
leave_root() {
  local root=$1 place
  shift
  for place in proc dev "$@"; do
    ! mountpoint --quiet "$root/$place" || umount --lazy "$root/$place"
  done
}

# bare COMMAND...: with the environment of a fresh log-in.
bare() {
  env --ignore-environment HOME=/srv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 "$@"
}
