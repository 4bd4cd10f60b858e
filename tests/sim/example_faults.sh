#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Faults of one line in copies of the examples: their testbenches end with a status and say where.
set -euo pipefail

usage() {
  echo "Usage: example_faults.sh SOURCE BUILD   (the source tree, the folder of libapical_c.so)"
}
[ $# -eq 2 ] || {
  usage >&2
  exit 2
}
source=$1 build=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp "$source/sim/example/simulators.mk" "$scratch/"

# expect EXAMPLE FILE RIGHT WRONG SAID: with WRONG in place of RIGHT the testbench fails and says SAID.
expect() {
  rm -rf "${scratch:?}/$1"
  cp -r "$source/sim/example/$1" "$scratch/$1"
  grep --quiet --fixed-strings -- "$3" "$scratch/$1/$2" || {
    echo "example_faults: $1/$2 has no $3" >&2
    exit 1
  }
  python3 -c 'import sys; p, a, b = sys.argv[1:]; t = open(p).read(); open(p, "w").write(t.replace(a, b, 1))' \
    "$scratch/$1/$2" "$3" "$4"
  if make -s -C "$scratch/$1" icarus "APICAL=$source" "BUILD=$build" "OUT=$scratch/out" ARGUMENTS=+ticks=4 >"$scratch/said" 2>&1; then
    echo "example_faults: $1 passes with $4" >&2
    exit 1
  fi
  grep --quiet --extended-regexp -- "$5" "$scratch/said" || {
    echo "example_faults: $1 with $4 doesn't say $5 but" >&2
    cat "$scratch/said" >&2
    exit 1
  }
}

# One rounding bit: ties to the other neighbour.
expect mac mac.sv 'sum[8]});' '!sum[8]});' \
  'mac_test: operand [0-9]+: -?[0-9]+ in 11 bits, expected'
expect mac mac.sv "|sum[19:17]" "|sum[19:18]" 'mac_test: operand [0-9]+: [0-9]+ in 6 bits, expected 63'

# One rounding bit, one bank index, one stale sum.
expect neuron_array arithmetic.svh 'low == half && round_even[0]' 'low == half' \
  'tick [0-3], (basal|u|rate) of unit [0-9]+ of layer[12]'
expect neuron_array neuron_array.sv "+ 9'(unit) * 9'(OUTPUT_GROUPS)" "+ 9'(teaches && unit == 9 ? 8 : unit) * 9'(OUTPUT_GROUPS)" \
  'tick [0-3], apical of unit [0-9]+ of layer1'
expect neuron_array neuron_array.sv "apical_sum[i] <= '0;" "if (i != 11) apical_sum[i] <= '0;" \
  'tick [0-3], apical of unit 11 of layer1'
