// SPDX-License-Identifier: Apache-2.0
// What the program's registers say of their words is true, for every content of the memory: units without a remark lie
// inside the memories of signals, a table without one begins inside the tables.
module units (
  input logic        clk_i,
  input logic        load_i,
  input logic [3:0]  word_i,
  input logic [31:0] read_i
);
  localparam int LANES = 4, UNITS = 24, TABLE = 5;
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic [511:0] words;
  logic         bad_population, bad_projection, bad_table;
  apical_program #(.DESCRIPTORS(80), .OPS(2), .DECAY(2), .MISMATCH(0), .LANES(LANES), .UNITS(UNITS), .TABLE(TABLE)) dut (
    .clk_i, .rst_ni(rst_n), .window_we_operation_i(1'b0), .window_we_descriptor_i(1'b1), .window_we_decay_i(1'b0),
    .window_addr_i(16'd0), .window_i(1'b0), .window_wdata_i(read_i), .window_operation_o(), .window_descriptor_o(),
    .window_decay_o(), .operation_i(1'b0), .operation_o(), .decay_i(1'b0), .descriptor_i(7'd0), .load_i, .word_i,
    .words_o(words), .bad_population_o(bad_population), .bad_projection_o(bad_projection), .bad_table_o(bad_table)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire \dut.bad_source_q ;
  (* hierconn *) wire \dut.bad_target_q ;
  wire [16:0] table_start = words[3*32+:16];
  wire [19:0] source = {words[4*32+16+:16], 2'b00} + words[4*32+:16];
  wire [19:0] target = {words[5*32+16+:16], 2'b00} + words[5*32+:16];
  wire [19:0] population = {words[12*32+16+:16], 2'b00} + words[12*32+:16];
  always @* begin
    if (rst_n) begin
      if (!bad_table) assert (table_start < 8);  // the bits that the table's unit adds to
      if (!\dut.bad_source_q ) assert (source <= UNITS);
      if (!\dut.bad_target_q ) assert (target <= UNITS);
      if (!bad_projection) assert (source <= UNITS && target <= UNITS);
      if (!bad_population) assert (population <= UNITS);
    end
  end
endmodule
