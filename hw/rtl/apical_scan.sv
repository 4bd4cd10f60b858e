// SPDX-License-Identifier: Apache-2.0
// Finds what the lanes have to do: steps through a list of events, through everything that was sent, or through
// the steps of a LEARN, drops zeros, and hands out walks {row or column, factor, first block, key}.
module apical_scan #(
  parameter int LANES = 4,
  parameter int SW    = 16,
  parameter int UNITS = 256,
  parameter int A     = 10,  // address of a weight
  parameter int UA    = $clog2(UNITS)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          start_i,
  input  logic          events_i,   // a list of events (else one entry per unit, and the bias)
  input  logic          learn_i,
  input  logic          error_i,    // errors were sent (else rates)
  input  logic          fresh_i,    // the accumulators start anew: a first walk clears them
  input  logic          bias_i,
  input  logic          column_i,
  input  logic [UA:0]   count_i,
  input  logic [UA-1:0] first_i,    // address of unit 0, and of the list
  input  logic [SW-1:0] one_i,
  input  logic [A-1:0]  weights_i,  // first block of the matrix
  input  logic [A-1:0]  row_i,      // from a row of blocks to the next
  input  logic [31:0]   key_i,      // of row 0
  // Memories, read while advancing.
  output logic          re_o,
  output logic [UA-1:0] addr_o,
  input  logic [UA-1:0] event_unit_i,
  input  logic [SW:0]   event_delta_i,
  input  logic [SW-1:0] sent_rate_i,
  input  logic [SW-1:0] sent_error_i,
  input  logic [SW-1:0] step_i,
  // Walks.
  output logic          valid_o,
  input  logic          ready_i,
  output logic          fresh_o,
  output logic [A-1:0]  block_o,
  output logic [UA:0]   unit_o,
  output logic [SW:0]   factor_o,
  output logic [31:0]   key_o,
  output logic          busy_o,
  output logic          bad_address_o,  // an entry lies beyond the memories: a list is longer than the projection's units
  // Lent to the sequencer.
  input  logic          mixing_i,
  input  logic [31:0]   mix_i
);
  localparam int LB = $clog2(LANES);

  // Stage a: what comes next. The clearing walk is one entry before, the bias one after the units.
  logic        run_q, fresh_q;
  logic [UA:0] index_q;
  logic        advance, at_bias, finish;
  assign advance = !valid_o || ready_i;
  assign at_bias = index_q == count_i;
  assign finish  = bias_i ? at_bias : index_q + 1'b1 >= count_i;
  assign re_o    = advance;
  logic [UA+1:0] entry;
  assign entry   = (UA+2)'(first_i) + (UA+2)'(index_q);
  assign addr_o  = entry[UA-1:0];
  assign bad_address_o = run_q && !fresh_q && !(bias_i && at_bias) && 32'(entry) >= 32'(UNITS);
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q   <= 1'b0;
      fresh_q <= 1'b0;
      index_q <= '0;
    end else if (start_i) begin
      run_q   <= fresh_i || bias_i || count_i != '0;
      fresh_q <= fresh_i;
      index_q <= '0;
    end else if (run_q && advance) begin
      fresh_q <= 1'b0;
      if (!fresh_q) begin
        index_q <= index_q + 1'b1;
        if (finish) run_q <= 1'b0;
      end
    end
  end

  // Stage b: the memories answer. Stage c: start of the walk. Stage d: the key is mixed.
  logic          valid_b_q, fresh_b_q, bias_b_q, valid_c_q, fresh_c_q, valid_d_q, fresh_d_q;
  logic [UA:0]   index_b_q, unit_b, unit_c_q, unit_d_q;
  logic [SW:0]   factor_b, factor_c_q, factor_d_q;
  logic [A-1:0]  block_d_q;
  always_comb begin
    unit_b   = index_b_q;
    factor_b = {sent_rate_i[SW-1], sent_rate_i};
    if (error_i) factor_b = {sent_error_i[SW-1], sent_error_i};
    if (learn_i) factor_b = {step_i[SW-1], step_i};
    if (events_i) begin
      unit_b   = {1'b0, event_unit_i};
      factor_b = event_delta_i;
    end
    if (bias_b_q) factor_b = {one_i[SW-1], one_i};
    if (fresh_b_q) begin
      unit_b   = '0;
      factor_b = '0;
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_b_q <= 1'b0;
      valid_c_q <= 1'b0;
      valid_d_q <= 1'b0;
    end else if (advance) begin
      valid_b_q <= run_q;
      valid_c_q <= valid_b_q && (fresh_b_q || factor_b != '0);
      valid_d_q <= valid_c_q;
    end
  end
  always_ff @(posedge clk_i) begin
    if (advance) begin
      index_b_q  <= index_q;
      fresh_b_q  <= fresh_q;
      bias_b_q   <= at_bias && bias_i;
      unit_c_q   <= unit_b;
      fresh_c_q  <= fresh_b_q;
      factor_c_q <= factor_b;
      unit_d_q   <= unit_c_q;
      fresh_d_q  <= fresh_c_q;
      factor_d_q <= factor_c_q;
      block_d_q  <= weights_i + (column_i ? A'(32'(unit_c_q) >> LB << LB) : A'(32'(unit_c_q) >> LB) * row_i);
    end
  end
  apical_mix u_mix (
    .clk_i, .enable_i(advance), .a_i(mixing_i ? mix_i : key_i + 32'(index_q)), .a_o(key_o)
  );

  assign valid_o  = valid_d_q;
  assign fresh_o  = fresh_d_q;
  assign block_o  = block_d_q;
  assign unit_o   = unit_d_q;
  assign factor_o = factor_d_q;
  assign busy_o   = start_i | run_q | valid_b_q | valid_c_q | valid_d_q;
endmodule
