#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every command of README.md, except tools/demo and tools/test, which CI runs, and what ctest runs by itself.
# Trainings on MNIST are cut short, and left out where tools/fetch-mnist has not been run.
# Usage: readme.sh SOURCE_DIR
set -euo pipefail
cd "$1"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# The lines of ```sh blocks and the last cell of every row that is a command.
# shellcheck disable=SC2016  # the quotes hold a pattern with back-quotes
mapfile -t commands < <(awk '/^```sh/{on=1;next} /^```/{on=0} on' README.md &&
  sed -n 's/^|.*| `\([^`]*\)` |$/\1/p' README.md)
[ "${#commands[@]}" -ge 8 ] || { echo "FAILED: only ${#commands[@]} commands found"; exit 1; }
for command in "${commands[@]}"; do
  command=${command%%  #*}
  command=${command%"${command##*[! ]}"}
  case "$command" in
    tools/demo | tools/test | tools/fetch-mnist | "tools/study/reproduce --quick" | build/tests/*)
      [ -x "${command%% *}" ] || { echo "FAILED: $command isn't there"; failures=$((failures + 1)); }
      continue
      ;;
    "build/apical deploy"*) command=${command/ice40-up5k/generic} ;;  # test_deploy places and routes
    "build/apical optimise"*) command+=" --set run.epochs=1 --budget accuracy=-9pt --seeds 1 --fresh 1" ;;
    build/apical_bench) command+=' --benchmark_min_time=0.01 --benchmark_filter=-size/log_weights:[78]' ;;
    "build/apical sweep"*)  # four digits decide nothing, with however many seeds
      sed "s#\.\./configs#$PWD/tools/configs#; s/^most_seeds = .*/most_seeds = 5/" tools/study/digits8.toml >"$work/digits8.toml"
      command="${command/tools\/study/$work} --set run.ticks=16 --set task.test_limit=4"
      ;;
    "build/apical run"*mnist*)
      [ -e "${APICAL_MNIST:-${XDG_CACHE_HOME:-$HOME/.cache}/apical/mnist}/train-images-idx3-ubyte" ] || continue
      command+=" --ticks 800 --set task.test_limit=100"
      ;;
  esac
  case "$command" in
    *--timing*) ;;  # compares clocks and writes nothing
    *"apical run"* | *"apical verify"* | *"apical deploy"* | *"apical experiment"* | *"apical mesh"* | *"apical sweep"* | *"apical optimise"*) command+=" --out $work/out" ;;
  esac
  command=${command//out\/trace.h5/$work/trace.h5}
  command=${command//out\/vectors/$work/vectors}
  command=${command//out\/timeline.json/$work/timeline.json}
  echo "$command"
  bash -c "$command" >"$work/output" 2>&1 || {
    echo "FAILED: $command"
    sed 's/^/  /' "$work/output"
    failures=$((failures + 1))
  }
done
[ "$failures" -eq 0 ] && echo "all passed"
