// SPDX-License-Identifier: Apache-2.0
// The neuron unit reads and writes only units of its population, whatever the descriptor, if these exist
// (descriptors.sv); a table entry that does not exist is reported.
module neuron (
  input logic         clk_i,
  input logic         start_i, input_valid_i, bad_table_i,
  input logic [127:0] descriptor_i,
  input logic [4:0]   units_i,
  input logic [3:0]   first_i, input_unit_i,
  input logic [2:0]   input_value_i, theta_i,
  input logic [5:0]   sum_i
);
  localparam int UNITS = 12, TABLE = 5;  // neither is a power of two: addresses beyond exist
  logic rst_n = 1'b0, was = 1'b0, busy_was = 1'b0;
  logic busy, bad, event_valid, retire_valid;
  logic [3:0] sum_addr, event_addr, event_unit, retire_addr;
  logic [127:0] descriptor_was;
  logic [4:0] units_was;
  logic [3:0] first_was;
  apical_neuron #(.SW(3), .UNITS(UNITS), .DW(4), .EW(6), .AW(6), .BASE(3), .DELTA(3), .TABLE(TABLE), .ADVANCED(0),
    .MISMATCH(0), .RANDOM(0), .LEVELS(2), .LEFT(0), .ALIGN(1), .FIXED(1)) dut (
    .clk_i, .rst_ni(rst_n), .start_i, .busy_o(busy), .changed_o(), .nonzero_o(), .bad_address_o(bad),
    .descriptor_i, .bad_table_i, .units_i, .first_i, .theta_rate_i(theta_i), .theta_error_i(theta_i), .beta_i(16'd0),
    .eta_i(16'd0), .factor_i(17'd0), .tick_key_i(32'd0), .input_valid_i, .input_unit_i, .input_value_i,
    .sum_addr_o(sum_addr), .sum_apical_o(), .sum_i, .event_valid_o(event_valid), .event_error_o(),
    .event_unit_o(event_unit), .event_addr_o(event_addr), .event_sent_o(), .event_delta_o(),
    .retire_valid_o(retire_valid), .retire_signal_o(), .retire_addr_o(retire_addr), .retire_old_o(), .retire_new_o(),
    .retire_random_o(), .scan_i(1'b0), .scan_re_i(1'b0), .scan_addr_i(4'd0), .sent_rate_o(), .sent_error_o(), .step_o(),
    .window_i(1'b0), .window_we_i(17'd0), .window_we_base_i(1'b0), .window_we_delta_i(1'b0), .window_addr_i(4'd0),
    .window_table_i(3'd0), .window_wdata_i(64'd0), .window_select_i(5'd0), .window_signal_o(), .window_base_o(),
    .window_delta_o()
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire       \dut.run_q ;
  (* hierconn *) wire [4:0] \dut.unit_q ;
  (* hierconn *) wire [7:1] \dut.valid_q ;
  (* hierconn *) wire [3:0] \dut.s0_addr ;
  (* hierconn *) wire [3:0] \dut.addr1_q ;
  (* hierconn *) wire [59:0] \dut.travel_q ;
  (* hierconn *) wire [3:0] \dut.addr7 ;
  (* hierconn *) wire [16:0] \dut.we ;
  (* hierconn *) wire [3:0] \dut.u_table.entry ;
  logic beyond_was;
  always @(posedge clk_i) begin
    {rst_n, was, busy_was} <= {1'b1, rst_n, rst_n && (busy || input_valid_i)};
    descriptor_was <= descriptor_i;
    units_was      <= units_i;
    first_was      <= first_i;
    beyond_was     <= \dut.u_table.entry  >= TABLE;
  end
  // In the population.
  function automatic logic inside(input logic [3:0] addr);
    inside = addr >= first_i && 5'(addr) - 5'(first_i) < units_i;
  endfunction
  always @* begin
    assume (5'(first_i) + units_i <= UNITS);
    if (busy_was) assume (descriptor_i == descriptor_was && units_i == units_was && first_i == first_was);
    if (\dut.run_q ) assume (!start_i && !input_valid_i);
    if (input_valid_i) assume (5'(input_unit_i) < units_i && !start_i);
    if (start_i) assume (!(rst_n && busy_was));
    if (rst_n && was) begin
      if (\dut.run_q ) assert (\dut.unit_q  < units_i);
      if (\dut.run_q  || input_valid_i) assert (inside(\dut.s0_addr ) && sum_addr == \dut.s0_addr );
      if (\dut.valid_q [1]) assert (inside(\dut.addr1_q ));
      if (\dut.valid_q [2]) assert (inside(\dut.travel_q [9:6]));
      if (\dut.valid_q [3]) assert (inside(\dut.travel_q [19:16]));
      if (\dut.valid_q [4]) assert (inside(\dut.travel_q [29:26]));
      if (\dut.valid_q [5]) assert (inside(\dut.travel_q [39:36]));
      if (\dut.valid_q [6]) assert (inside(\dut.travel_q [49:46]));
      if (\dut.valid_q [7]) assert (inside(\dut.addr7 ));
      if (event_valid) assert (inside(event_addr) && event_unit < units_i);
      if (retire_valid) assert (inside(retire_addr));
      if (\dut.we  != '0) assert (\dut.valid_q [7] || event_valid);
      if (bad) assert (\dut.valid_q [2]);
      if (\dut.valid_q [2] && descriptor_i[3:0] == 4'd3) assert (bad == (beyond_was || bad_table_i));
    end
  end
endmodule
