#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Synthesis, placement and timing of hw/rtl/apical_spi.sv for an iCE40: what the targets ice40-* are made of.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: hw/synthesis/ice40.sh DEVICE PACKAGE PINS YOSYS_OPTIONS OUT [-DPARAMETER=VALUE...]

Runs yosys (synth_ice40 YOSYS_OPTIONS) and nextpnr-ice40 (--DEVICE --package PACKAGE) on apical_spi and leaves in OUT
netlist.json, netlist.v, core.asc, core.bin, resources.json and the logs. PARAMETERs are those of the module. Up to
SEEDS seeds (default 48) are tried until placement meets FREQUENCY (default 20 MHz). The environment's PINS goes before
the argument. Standard output says which step runs.
Exit status: 0 placed, routed and fast enough, 1 it doesn't fit or is too slow (resources.json), 2 bad usage.
TEXT
}
[ "${1---help}" != --help ] || { usage && exit 0; }
[ $# -ge 5 ] || { usage >&2 && exit 2; }
device=$1 package=$2 options=$4
pins=$(readlink -f "${PINS:-$3}")
out=$(mkdir -p "$5" && readlink -f "$5")
shift 5
here=$(dirname "$(readlink -f "$0")")
cd "$here/../rtl"
parameters=
for argument in "$@"; do
  [[ "$argument" =~ ^-D([A-Z_]+)=([0-9]+)$ ]] || { echo "ice40: unknown argument $argument; accepted: -DNAME=NUMBER" >&2; exit 2; }
  parameters+=" -set ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
done
echo "step yosys"
yosys -q -l "$out/yosys.log" -p "read_verilog -sv -I. apical*.sv
  ${parameters:+chparam $parameters apical_spi}
  synth_ice40 $options -top apical_spi -json $out/netlist.json
  write_verilog -noattr $out/netlist.v" >/dev/null
status=1
best=0
for ((seed = 1; seed <= ${SEEDS:-48}; ++seed)); do
  echo "step nextpnr, seed $seed"
  if nextpnr-ice40 "--$device" --package "$package" --json "$out/netlist.json" --pcf "$pins" --seed "$seed" \
    --freq "${FREQUENCY:-20}" --asc "$out/core.asc" --report "$out/report.json" >"$out/nextpnr.log" 2>&1; then
    status=0
  fi
  # Without a clock it does not fit: another seed won't help.
  clock=$(sed -n 's/^.*Max frequency.*: \([0-9.]*\) MHz.*$/\1/p' "$out/nextpnr.log" | tail -1)
  best=$(printf '%s\n' "$best" "${clock:-0}" | sort -g | tail -1)
  if [ "$status" -eq 0 ] || [ -z "$clock" ]; then break; fi
done
[ "$status" -ne 0 ] || icepack "$out/core.asc" "$out/core.bin"

# What nextpnr calls the resources, and what data sheets do.
used() {
  sed -n "s/^.*$1: *\([0-9]*\)\/ *\([0-9]*\) .*$/    \"$2\": { \"used\": \1, \"available\": \2 }/p" "$out/nextpnr.log" | head -1
}
lines=$(
  used ICESTORM_LC 'LC (logic cells)'
  used ICESTORM_RAM 'EBR (block RAM of 4,096 bits)'
  used ICESTORM_SPRAM 'SPRAM (RAM of 262,144 bits)'
  used ICESTORM_DSP 'DSP (multipliers)'
  used SB_IO pins
)
{
  printf '{\n  "resources": {\n'
  sed '$!s/$/,/' <<<"$lines"
  printf '  }'
  if [ "$best" != 0 ]; then
    printf ',\n  "clock": { "achieved_mhz": %s, "required_mhz": %s, "seed": %s }' "$best" "${FREQUENCY:-20}" "$seed"
  fi
  printf '\n}\n'
} >"$out/resources.json"
cat "$out/resources.json"
exit "$status"
