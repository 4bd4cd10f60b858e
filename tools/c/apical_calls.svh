// SPDX-License-Identifier: Apache-2.0
// Included in a module, so that one testbench calls the library by DPI-C (apical_dpi.sv) and, under Icarus Verilog, by
// VPI (apical_vpi.c): status = `APICAL(tick)(emulator); with `APICAL_HANDLE emulator;
`ifdef __ICARUS__
`define APICAL(call) $apical_``call
`define APICAL_HANDLE reg [63:0]
`include "apical_constants.svh"
`else
`define APICAL(call) apical_``call
`define APICAL_HANDLE chandle
import apical_dpi::*;
`endif
