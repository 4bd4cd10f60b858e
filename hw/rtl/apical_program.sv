// SPDX-License-Identifier: Apache-2.0
// The program's memories (operations, descriptors, decay factors) and the registers that hold descriptors in use.
module apical_program #(
  parameter int DESCRIPTORS = 320,  // words
  parameter int OPS   = 64,
  parameter int DECAY = 256,
  parameter int MISMATCH = 1,
  parameter int LANES = 4,
  parameter int UNITS = 256,
  parameter int TABLE = 1024,
  parameter int CHECKS = 1,  // 0: takes on trust what descriptors say of addresses
  parameter int OA    = $clog2(OPS),
  parameter int EA    = $clog2(DESCRIPTORS),
  parameter int YA    = $clog2(DECAY)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  // Host.
  input  logic          window_we_operation_i,
  input  logic          window_we_descriptor_i,
  input  logic          window_we_decay_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [15:0]   window_addr_i,  // as wide as a memory may be
  // verilator lint_on UNUSEDSIGNAL
  input  logic          window_i,
  input  logic [31:0]   window_wdata_i,
  output logic [31:0]   window_operation_o,
  output logic [31:0]   window_descriptor_o,
  output logic [16:0]   window_decay_o,  // of decay_i while there is no window
  // Sequencer: words come a clock after their addresses.
  input  logic [OA-1:0] operation_i,
  output logic [31:0]   operation_o,
  input  logic [YA-1:0] decay_i,
  input  logic [EA-1:0] descriptor_i,
  input  logic          load_i,          // the word at descriptor_i goes into register word_i: its number in a
                                         // descriptor, of which a header has the last four bits
  input  logic [3:0]    word_i,
  output logic [511:0]  words_o,
  // What the words in use say of addresses that their memories don't have.
  output logic          bad_population_o,  // the units of a header
  output logic          bad_projection_o,  // those of a matrix's ends
  output logic          bad_table_o        // the table's first entry of a pass
);
  `include "apical_isa.svh"
  logic [31:0] word;
  logic [3:0]  store_q;
  logic        storing_q;

  apical_ram #(.DEPTH(OPS), .W(32)) u_operations (
    .clk_i, .we_i(window_we_operation_i), .waddr_i(window_addr_i[OA-1:0]), .wdata_i(window_wdata_i),
    .re_i(1'b1), .raddr_i(window_i ? window_addr_i[OA-1:0] : operation_i), .rdata_o(operation_o)
  );
  apical_ram #(.DEPTH(DESCRIPTORS), .W(32)) u_descriptors (
    .clk_i, .we_i(window_we_descriptor_i), .waddr_i(window_addr_i[EA-1:0]), .wdata_i(window_wdata_i),
    .re_i(1'b1), .raddr_i(window_i ? window_addr_i[EA-1:0] : descriptor_i), .rdata_o(word)
  );
  // verilator lint_off UNUSEDSIGNAL
  factor_t factor;
  // verilator lint_on UNUSEDSIGNAL
  assign factor = window_wdata_i;
  if (MISMATCH != 0) begin : gen_decay
    apical_ram #(.DEPTH(DECAY), .W(17)) u_decay (
      .clk_i, .we_i(window_we_decay_i), .waddr_i(window_addr_i[YA-1:0]), .wdata_i(factor.value),
      .re_i(1'b1), .raddr_i(window_i ? window_addr_i[YA-1:0] : decay_i), .rdata_o(window_decay_o)
    );
  end else begin : gen_no_decay
    // verilator lint_off UNUSEDSIGNAL
    logic unused;  // nothing decays
    // verilator lint_on UNUSEDSIGNAL
    assign unused = ^{window_we_decay_i, decay_i};
    assign window_decay_o = '0;
  end
  assign window_operation_o  = operation_o;
  assign window_descriptor_o = word;

  // Checked as they come by.
  localparam int LB = $clog2(LANES);
  localparam int U  = $clog2(UNITS + 1);
  logic [U:0] end_of_units;
  logic       misplaced, bad_source_q, bad_target_q, bad_population_q, bad_table_q;
  place_t place;
  // verilator lint_off UNUSEDSIGNAL
  pass_lookup_t lookup;
  // verilator lint_on UNUSEDSIGNAL
  assign place  = word;
  assign lookup = word;
  assign end_of_units = (U+1)'(U'(32'(place.first_group) << LB)) + (U+1)'(U'(place.units));
  assign misplaced    = 32'(end_of_units) > 32'(UNITS) || (place.units >> U) != '0 ||
                        (32'(place.first_group) << LB) >> U != '0;
  assign bad_population_o = CHECKS != 0 && bad_population_q;
  assign bad_projection_o = CHECKS != 0 && (bad_source_q || bad_target_q);
  assign bad_table_o      = CHECKS != 0 && bad_table_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      storing_q <= 1'b0;
      {bad_source_q, bad_target_q, bad_population_q, bad_table_q} <= '1;
    end else begin
      storing_q <= load_i;
      if (storing_q && store_q == 4'(PASS_LOOKUP_WORD)) bad_table_q <= (lookup.first_entry >> $clog2(TABLE)) != '0;
      if (storing_q && store_q == 4'(PROJECTION_MATRIX_WORD + MATRIX_SOURCE_WORD)) bad_source_q <= misplaced;
      if (storing_q && store_q == 4'(PROJECTION_MATRIX_WORD + MATRIX_TARGET_WORD)) bad_target_q <= misplaced;
      if (storing_q && store_q == 4'(POPULATION_HEADER_WORD + HEADER_PLACE_WORD)) bad_population_q <= misplaced;
    end
  end
  always_ff @(posedge clk_i) begin
    store_q <= word_i;
    for (int w = 0; w < 16; w++) if (storing_q && store_q == 4'(w)) words_o[w*32+:32] <= word;
  end
endmodule
