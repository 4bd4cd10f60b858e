// SPDX-License-Identifier: Apache-2.0
// neuron_array.sv beside the emulator of digits.toml: a host that shows both the same digits, and a scoreboard that
// compares the whole state after every tick. digits.memh has a digit a line: 64 pixels of a byte, pixel 0 lowest, and
// its number above them.
`timescale 1ns / 1ps
module neuron_array_test;
  `include "apical_calls.svh"

  localparam int PIXELS = 64, HIDDEN = 16, OUTPUTS = 10, DIGITS = 100, PRESENTATION = 8;
  reg clk = 0, rst = 1, pixel_write = 0, go = 0;
  reg [5:0] pixel_number = 0;
  reg [4:0] pixel_value = 0;
  reg [79:0] targets = 0;
  wire done;
  // The nudge of digits.toml, and its learning rates, as apical compile has them.
  neuron_array dut (.clk(clk), .rst(rst), .pixel_write(pixel_write), .pixel_number(pixel_number),
      .pixel_value(pixel_value), .targets(targets), .beta(16'd8192), .eta_hidden(16'd52429), .eta_output(16'd41943),
      .go(go), .done(done));

  `APICAL_HANDLE emulator;
  reg [519:0] digits[0:DIGITS-1];
  longint pixels_raw[0:PIXELS-1], targets_raw[0:OUTPUTS-1], hidden[0:HIDDEN-1], outputs[0:OUTPUTS-1];
  longint weights_hidden[0:HIDDEN*(PIXELS+1)-1], weights_output[0:OUTPUTS*(HIDDEN+1)-1];
  longint first_hidden[0:HIDDEN*(PIXELS+1)-1];
  int tick, i, moved, status, ticks = 2000;

  task ask(input int failed);
    if (failed != 0) begin
      $display("neuron_array_test: status %0d: %0s", failed, `APICAL(last_error)(emulator));
      $fatal(1);
    end
  endtask

  // ---- What the design holds ----
  wire signed [9:0] held[0:3];
  reg load = 0;
  reg [8:0] place = 0;
  reg signed [9:0] loaded = 0;
  reg [1:0] lane_of_place = 0;
  genvar lane;
  generate
    for (lane = 0; lane < 4; lane = lane + 1) begin : reach
      assign held[lane] = dut.quarter[lane].store.held[place];
      always @(posedge load) if (lane_of_place == lane) dut.quarter[lane].store.held[place] = loaded;
    end
  endgenerate

  function automatic int place_of(input int projection, input int row, input int column);
    place_of = projection == 0 ? 17 * row + column / 4 : 16 * 17 + 5 * row + column / 4;
  endfunction

  task load_weight(input int projection, input int row, input int column, input longint raw);
    begin
      place = 9'(place_of(projection, row, column));
      lane_of_place = 2'(column % 4);
      loaded = 10'(raw);
      #1 load = 1;
      #1 load = 0;
    end
  endtask

  // ---- The scoreboard ----
  task differs(input longint found, input longint expected, input int bits);
    int n;
    begin
      $display("neuron_array_test:   found %0d, expected %0d", found, expected);
      for (n = 0; n < bits; n = n + 1) if (((found ^ expected) >> n) & 1) $display("neuron_array_test:   bit %0d", n);
      $fatal(1);
    end
  endtask

`define COMPARE(signal, number, buffer, units, variable, name, bits) \
  ask(`APICAL(read_raw)(emulator, signal, number, buffer)); \
  for (i = 0; i < units; i = i + 1) \
    if (longint'(dut.variable[i]) != buffer[i] || ^dut.variable[i] === 1'bx) begin \
      $display("neuron_array_test: tick %0d, %0s of unit %0d of layer%0d (%b)", tick, name, i, number, dut.variable[i]); \
      differs(longint'(dut.variable[i]), buffer[i], bits); \
    end

  task compare_weights(input int projection, input int rows, input int columns);
    int row, column;
    longint expected;
    for (row = 0; row < rows; row = row + 1)
      for (column = 0; column < columns; column = column + 1) begin
        expected = projection == 0 ? weights_hidden[row * columns + column] : weights_output[row * columns + column];
        place = 9'(place_of(projection, row, column));
        #1;
        if (longint'(held[column % 4]) != expected || ^held[column % 4] === 1'bx) begin
          $display("neuron_array_test: tick %0d, W%0d[%0d][%0d]", tick, projection + 1, row, column);
          differs(longint'(held[column % 4]), expected, 10);
        end
      end
  endtask

  // In the order in which a tick writes.
  task compare_tick;
    begin
      `COMPARE(APICAL_BASAL, 1, hidden, HIDDEN, basal_hidden, "basal", 12)
      `COMPARE(APICAL_U, 1, hidden, HIDDEN, voltage_hidden, "u", 12)
      `COMPARE(APICAL_SLOPE, 1, hidden, HIDDEN, slope_hidden, "slope", 1)
      `COMPARE(APICAL_RATE, 1, hidden, HIDDEN, rate_hidden, "rate", 8)
      `COMPARE(APICAL_BASAL, 2, outputs, OUTPUTS, basal_output, "basal", 12)
      `COMPARE(APICAL_U, 2, outputs, OUTPUTS, voltage_output, "u", 12)
      `COMPARE(APICAL_NUDGE, 2, outputs, OUTPUTS, nudge_output, "nudge", 12)
      `COMPARE(APICAL_ERROR, 2, outputs, OUTPUTS, error_output, "error", 11)
      `COMPARE(APICAL_APICAL, 1, hidden, HIDDEN, apical_hidden, "apical", 12)
      `COMPARE(APICAL_NUDGE, 1, hidden, HIDDEN, nudge_hidden, "nudge", 12)
      `COMPARE(APICAL_ERROR, 1, hidden, HIDDEN, error_hidden, "error", 11)
      ask(`APICAL(read_weights_raw)(emulator, 0, weights_hidden));
      ask(`APICAL(read_weights_raw)(emulator, 1, weights_output));
      compare_weights(0, HIDDEN, PIXELS + 1);
      compare_weights(1, OUTPUTS, HIDDEN + 1);
    end
  endtask

  // ---- The host ----
  task clock;
    begin
      #1 clk = 1;
      #1 clk = 0;
    end
  endtask

  task show(input reg [519:0] digit);
    begin
      targets = 0;
      for (i = 0; i < OUTPUTS; i = i + 1) begin
        targets_raw[i] = digit[519:512] == i ? 64 : 0;  // 1 with 6 fraction bits
        targets[8*i+:8] = targets_raw[i][7:0];
      end
      pixel_write = 1;
      for (i = 0; i < PIXELS; i = i + 1) begin
        pixels_raw[i] = longint'(digit[8*i+:8]);
        pixel_number = 6'(i);
        pixel_value = digit[8*i+:5];
        clock;
      end
      pixel_write = 0;
      ask(`APICAL(set_input_raw)(emulator, pixels_raw));
      ask(`APICAL(set_target_raw)(emulator, targets_raw));
    end
  endtask

  initial begin
    status = $value$plusargs("ticks=%d", ticks);
    $readmemh("digits.memh", digits);
    ask(`APICAL(open)("digits.toml", "", "", emulator));
    ask(`APICAL(set_nudge)(emulator, 1.0));
    clock;
    clock;
    rst = 0;
    ask(`APICAL(read_weights_raw)(emulator, 0, weights_hidden));
    ask(`APICAL(read_weights_raw)(emulator, 1, weights_output));
    for (i = 0; i < HIDDEN * (PIXELS + 1); i = i + 1) first_hidden[i] = weights_hidden[i];
    for (i = 0; i < HIDDEN * (PIXELS + 1); i = i + 1)
      load_weight(0, i / (PIXELS + 1), i % (PIXELS + 1), weights_hidden[i]);
    for (i = 0; i < OUTPUTS * (HIDDEN + 1); i = i + 1)
      load_weight(1, i / (HIDDEN + 1), i % (HIDDEN + 1), weights_output[i]);
    for (tick = 0; tick < ticks; tick = tick + 1) begin
      if (tick % PRESENTATION == 0) show(digits[tick/PRESENTATION%DIGITS]);
      go = 1;
      clock;
      go = 0;
      clock;
      while (!done) clock;
      ask(`APICAL(tick)(emulator));
      compare_tick;
    end
    for (i = 0; i < HIDDEN * (PIXELS + 1); i = i + 1) moved = moved + (weights_hidden[i] != first_hidden[i] ? 1 : 0);
    ask(`APICAL(close)(emulator));
    if (moved < 100) begin
      $display("neuron_array_test: only %0d weights moved", moved);
      $fatal(1);
    end
    $display("neuron_array_test: equal in every bit after each of %0d ticks, %0d weights learned", tick, moved);
    $finish;
  end
endmodule
