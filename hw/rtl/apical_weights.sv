// SPDX-License-Identifier: Apache-2.0
// Weights in LANES banks. A matrix is cut into LANES x LANES blocks; inside block (I, J), element (i, j) lies in
// bank (i + j) mod LANES at offset i. LANES neighbours of a row, and LANES neighbours of a column, are then in
// LANES different banks: either access takes one clock.
module apical_weights #(
  parameter int LANES = 4,
  parameter int WW    = 16,
  parameter int DEPTH = 1024,  // words per bank, a multiple of LANES
  parameter int A     = $clog2(DEPTH)
) (
  input  logic                clk_i,
  input  logic                re_i,
  input  logic                column_i,  // walk down a column (else along a row)
  input  logic [A-1:0]        raddr_i,   // address of the block
  input  logic [7:0]          rturn_i,   // row (or column) within the block
  output logic [LANES*WW-1:0] rdata_o,   // one clock later: lane l has the l-th neighbour
  input  logic [LANES-1:0]    we_i,      // along a row
  input  logic [A-1:0]        waddr_i,
  input  logic [7:0]          wturn_i,
  input  logic [LANES*WW-1:0] wdata_i,
  // Host: one word of one bank.
  input  logic                window_i,
  input  logic                window_we_i,
  input  logic [A-1:0]        window_addr_i,
  input  logic [7:0]          window_bank_i,
  input  logic [WW-1:0]       window_wdata_i,
  output logic [WW-1:0]       window_rdata_o
);
  localparam logic [7:0] TURN = 8'(LANES - 1);

  logic [LANES*WW-1:0] bank_rdata, bank_wdata;
  logic [LANES-1:0]    bank_we;
  logic [7:0]          turn_q, bank_q, wturn;
  assign wturn = wturn_i & TURN;

  always_ff @(posedge clk_i) begin
    if (re_i) turn_q <= rturn_i & TURN;
    bank_q <= window_bank_i;
  end

  for (genvar b = 0; b < LANES; b++) begin : gen_bank
    logic [A-1:0] raddr;
    logic [7:0]   offset;
    assign offset = (column_i ? 8'(b) - rturn_i : rturn_i) & TURN;
    assign raddr  = window_i ? window_addr_i : raddr_i | A'(offset);
    apical_ram #(.DEPTH(DEPTH), .W(WW)) u_ram (
      .clk_i,
      .we_i(window_we_i ? window_bank_i == 8'(b) : bank_we[b]),
      .waddr_i(window_we_i ? window_addr_i : waddr_i | A'(wturn)),
      .wdata_i(window_we_i ? window_wdata_i : bank_wdata[b*WW+:WW]),
      .re_i(re_i | window_i), .raddr_i(raddr), .rdata_o(bank_rdata[b*WW+:WW])
    );
  end

  // Lane l reads bank l + turn, and writes it back there.
  // Half of each turned vector is of no use.
  // verilator lint_off UNUSEDSIGNAL
  logic [2*LANES*WW-1:0] read_twice, write_twice;
  logic [2*LANES-1:0]    we_twice;
  // verilator lint_on UNUSEDSIGNAL
  assign read_twice  = {bank_rdata, bank_rdata} >> (32'(turn_q) * WW);
  assign write_twice = {wdata_i, wdata_i} << (32'(wturn) * WW);
  assign we_twice    = {we_i, we_i} << wturn;
  assign rdata_o     = read_twice[LANES*WW-1:0];
  assign bank_wdata  = write_twice[2*LANES*WW-1:LANES*WW];
  assign bank_we     = we_twice[2*LANES-1:LANES];

  always_comb begin
    window_rdata_o = '0;
    for (int b = 0; b < LANES; b++) if (bank_q == 8'(b)) window_rdata_o = bank_rdata[b*WW+:WW];
  end
endmodule
