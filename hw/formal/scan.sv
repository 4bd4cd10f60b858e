// SPDX-License-Identifier: Apache-2.0
// The scan reads only its own list or population, says so where that lies beyond the memories, and a walk that it offers
// stays until it is taken.
module scan (
  input logic       clk_i,
  input logic       start_i, events_i, learn_i, error_i, fresh_i, bias_i, column_i, ready_i,
  input logic [3:0] count_i,
  input logic [2:0] first_i,
  input logic [2:0] event_unit_i,
  input logic [4:0] event_delta_i,
  input logic [3:0] sent_rate_i, sent_error_i, step_i, one_i,
  input logic [5:0] weights_i, row_i,
  input logic [31:0] key_i
);
  localparam int UNITS = 6;  // no power of two: addresses beyond exist
  logic rst_n = 1'b0, was = 1'b0, bad;
  logic [3:0] count_q = 4'd1;
  logic [2:0] first_q = '0;
  logic       bias_q = 1'b0, running = 1'b0;
  logic       valid, re, fresh, busy, held, fresh_was;
  logic [2:0] addr;
  logic [5:0] block, block_was;
  logic [3:0] unit, unit_was;
  logic [4:0] factor, factor_was;
  logic [31:0] key, key_was;
  apical_scan #(.LANES(2), .SW(4), .UNITS(UNITS), .A(6)) dut (
    .bad_address_o(bad), 
    .clk_i, .rst_ni(rst_n), .start_i, .events_i, .learn_i, .error_i, .fresh_i, .bias_i(bias_q), .column_i,
    .count_i(count_q), .first_i(first_q), .one_i, .weights_i, .row_i, .key_i, .re_o(re), .addr_o(addr), .event_unit_i,
    .event_delta_i, .sent_rate_i, .sent_error_i, .step_i, .valid_o(valid), .ready_i, .fresh_o(fresh), .block_o(block),
    .unit_o(unit), .factor_o(factor), .key_o(key), .busy_o(busy), .mixing_i(1'b0), .mix_i(32'd0)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire       \dut.run_q ;
  (* hierconn *) wire [3:0] \dut.index_q ;
  (* hierconn *) wire       \dut.fresh_q ;
  always @(posedge clk_i) begin
    rst_n <= 1'b1;
    was   <= rst_n;
    if (!busy) begin  // a new job's parameters come while nothing runs
      count_q <= count_i;
      first_q <= first_i;
      bias_q  <= bias_i;
    end
    held <= valid && !ready_i;
    {fresh_was, block_was, unit_was, factor_was, key_was} <= {fresh, block, unit, factor, key};
  end
  always @* begin
    assume (count_q >= 1 && count_q <= 8);
    if (\dut.run_q ) assume (!start_i);
    if (rst_n && \dut.run_q ) assert (\dut.index_q  <= count_q && (bias_q || \dut.index_q  < count_q));
    // What is read is one of the entries, and in the memory, or it is reported.
    if (rst_n && \dut.run_q  && \dut.index_q  < count_q) begin
      assert (addr == 3'(first_q + \dut.index_q ));
      if (!\dut.fresh_q ) assert (bad == (5'(first_q) + 5'(\dut.index_q ) >= UNITS));
      if (!\dut.fresh_q  && !bad) assert (addr < UNITS);
    end
    if (rst_n && bad) assert (\dut.run_q  && \dut.index_q  < count_q);
    if (rst_n && was && held)
      assert (valid && {fresh, block, unit, factor, key} == {fresh_was, block_was, unit_was, factor_was, key_was});
  end
endmodule
