// SPDX-License-Identifier: Apache-2.0
// apical.h for SystemVerilog, by DPI-C: the same names, the same order of arguments, and the same meaning, units and
// errors, which stand there. Give your simulator this file, apical_dpi.c beside it, and libapical_c
// (sim/example/simulators.mk has the whole line):
//   $ verilator --binary -Itools/c tools/c/apical_dpi.sv yours.sv tools/c/apical_dpi.c -LDFLAGS "-L$PWD/build -lapical_c"
// What is other than in C:
//   arrays       have the size that is asked for, of elements longint (raw), real, int (random bits) or byte; a matrix
//                is one array, row by row. Their sizes are not arguments.
//   a format     is int [0:5]: bits, frac, is_signed, rounding, overflow, random_bits.
//   a counter    is int [0:4]: seed, tick, stream, row, column.
//   an operation is int [0:3]: code, index, parts, at_start.
//   texts        are strings; "" where C takes null. Overrides are one string, "section.key=value" behind one another
//                with semicolons between.
// Calls take no simulated time. apical_tick() of a host driver (sim/driver) is another one. For Verilator (5.006 or later), Questa, VCS, Xcelium; Icarus
// Verilog has no DPI and takes apical_vpi.c.
package apical_dpi;
  typedef int apical_format [0:5];
  typedef int apical_counter [0:4];
  typedef int apical_operation [0:3];

  `include "apical_constants.svh"

  import "DPI-C" function int unsigned apical_abi_version();
  import "DPI-C" function string apical_version();
  import "DPI-C" function string apical_last_error(input chandle emulator);

  // ---- Formats and the quantiser ----
  import "DPI-C" function int apical_format_parse(input string text, output int format[6]);
  import "DPI-C" function int apical_quantise(input longint x, input int x_frac, input int format[6],
      input int unsigned random16, output longint raw, output int limited);
  import "DPI-C" function int apical_quantise_real(input real x, input int format[6], input int unsigned random16,
      output longint raw, output int limited);
  // Without random bits, of roundings that draw none, and with those of the counter.
  import "DPI-C" apical_sv_quantise_array = function int apical_quantise_array(input longint x[], input int x_frac,
      input int format[6], output longint raw[]);
  import "DPI-C" apical_sv_quantise_drawn = function int apical_quantise_drawn(input longint x[], input int x_frac,
      input int format[6], input int counter[5], output longint raw[]);
  import "DPI-C" apical_sv_random = function int apical_random(input int counter[5], output int random16[]);

  // ---- An emulator ----
  import "DPI-C" apical_sv_open = function int apical_open(input string configuration, input string weights,
      input string overrides, output chandle emulator);
  import "DPI-C" apical_sv_open_text = function int apical_open_text(input string text, input string weights,
      input string overrides, output chandle emulator);
  import "DPI-C" function int apical_close(input chandle emulator);
  import "DPI-C" apical_sv_notes = function int apical_notes(input chandle emulator, output string text);
  import "DPI-C" function int apical_layers(input chandle emulator, output int layers, output int populations);
  import "DPI-C" function int apical_units(input chandle emulator, input int layer, output int units);
  import "DPI-C" apical_sv_layer_name = function int apical_layer_name(input chandle emulator, input int layer, output string name);
  import "DPI-C" function int apical_projections(input chandle emulator, output int count);
  import "DPI-C" apical_sv_projection_name = function int apical_projection_name(input chandle emulator,
      input int projection, output string name);
  import "DPI-C" function int apical_projection_ends(input chandle emulator, input int projection, output int source,
      output int target);
  import "DPI-C" function int apical_rows(input chandle emulator, input int projection, output int rows);
  import "DPI-C" function int apical_columns(input chandle emulator, input int projection, output int columns);
  import "DPI-C" function int apical_format_of(input chandle emulator, input int signal, input int layer,
      output int format[6]);
  import "DPI-C" function int apical_weight_format(input chandle emulator, input int projection, output int weight[6],
      output int step[6]);

  // ---- Ticks ----
  import "DPI-C" apical_sv_set_input = function int apical_set_input(input chandle emulator, input real values[]);
  import "DPI-C" apical_sv_set_input_raw = function int apical_set_input_raw(input chandle emulator, input longint raw[]);
  import "DPI-C" apical_sv_set_target = function int apical_set_target(input chandle emulator, input real values[]);
  import "DPI-C" apical_sv_set_target_raw = function int apical_set_target_raw(input chandle emulator,
      input longint raw[]);
  import "DPI-C" function int apical_set_nudge(input chandle emulator, input real nudge);
  import "DPI-C" function int apical_set_learning_scale(input chandle emulator, input real factor);
  import "DPI-C" function int apical_tick(input chandle emulator);
  import "DPI-C" function int apical_ticks(input chandle emulator, output int unsigned ticks);
  import "DPI-C" function int apical_operations(input chandle emulator, output int count, output int start);
  import "DPI-C" apical_sv_operation_at = function int apical_operation_at(input chandle emulator, input int number,
      output int operation[4], output string text);
  import "DPI-C" function int apical_next_operation(input chandle emulator, output int number);
  import "DPI-C" function int apical_execute(input chandle emulator, input int number);
  import "DPI-C" function int apical_end_tick(input chandle emulator);

  import "DPI-C" apical_sv_read_raw = function int apical_read_raw(input chandle emulator, input int signal,
      input int layer, output longint raw[]);
  import "DPI-C" apical_sv_read_real = function int apical_read_real(input chandle emulator, input int signal,
      input int layer, output real values[]);
  import "DPI-C" apical_sv_read_weights_raw = function int apical_read_weights_raw(input chandle emulator,
      input int projection, output longint raw[]);
  import "DPI-C" apical_sv_read_weights_real = function int apical_read_weights_real(input chandle emulator,
      input int projection, output real values[]);
  import "DPI-C" apical_sv_set_weights_raw = function int apical_set_weights_raw(input chandle emulator,
      input int projection, input longint raw[]);
  import "DPI-C" apical_sv_digest = function int apical_digest(input chandle emulator, output string text);

  // ---- Snapshots: of apical_snapshot_size() bytes ----
  import "DPI-C" function int apical_snapshot_size(input chandle emulator, output longint unsigned bytes);
  import "DPI-C" apical_sv_snapshot = function int apical_snapshot(input chandle emulator, output byte buffer[]);
  import "DPI-C" apical_sv_restore = function int apical_restore(input chandle emulator, input byte buffer[]);
endpackage
