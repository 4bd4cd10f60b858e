// SPDX-License-Identifier: Apache-2.0
// A list of events stays within its population, and an event is either in the list or reported as overflow.
module events (
  input logic       clk_i,
  input logic       valid_i, error_i, consume_i, consume_error_i, forget_i, read_error_i,
  input logic       population_i, consume_population_i, read_population_i,
  input logic [2:0] unit_i,
  input logic [4:0] delta_i
);
  localparam int UNITS = 8;
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  (* anyconst *) logic [3:0] units0;
  wire [3:0] units = population_i ? 4'd8 - units0 : units0;
  wire [2:0] first = population_i ? units0[2:0] : 3'd0;
  logic renewed, overflow;
  logic [3:0] count;
  logic [2:0] unit;
  logic [4:0] delta;
  apical_events #(.SW(4), .UNITS(UNITS), .POPS(2)) dut (
    .clk_i, .rst_ni(rst_n), .forget_i, .valid_i, .error_i, .population_i(8'(population_i)), .units_i(units),
    .first_i(first), .unit_i, .delta_i, .renewed_o(renewed), .overflow_o(overflow), .consume_i, .consume_error_i,
    .consume_population_i(8'(consume_population_i)), .read_error_i, .read_population_i(8'(read_population_i)),
    .count_o(count), .re_i(1'b1), .addr_i(3'd0), .unit_o(unit), .delta_o(delta)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [15:0] \dut.count_q ;
  (* hierconn *) wire       \dut.write ;
  (* hierconn *) wire [3:0] \dut.place ;
  // Units of every list, in the order of the counters: rates of 0 and 1, errors of 0 and 1.
  always @* begin
    assume (units0 >= 1 && units0 <= 7);
    if (rst_n) begin
      assert (\dut.count_q [3:0] <= units0 && \dut.count_q [11:8] <= units0);
      assert (\dut.count_q [7:4] <= 4'd8 - units0 && \dut.count_q [15:12] <= 4'd8 - units0);
      assert (count <= 4'd7);
      if (valid_i) assert (\dut.write  != overflow);
      if (\dut.write ) assert (\dut.place  < units && 4'(first) + \dut.place  < UNITS);
    end
  end
endmodule
