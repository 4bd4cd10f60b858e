// SPDX-License-Identifier: Apache-2.0
// The core with its buses: AXI4-Lite for registers, AXI4-Streams for inputs, targets and observations.
// One access at a time; a response is held until it is taken.
module apical #(
  parameter int LANES    = 4,
  parameter int SW       = 16,
  parameter int WW       = 16,
  parameter int AW       = 40,
  parameter int DW       = 24,
  parameter int EW       = 48,
  parameter int LW       = 34,
  parameter int UNITS    = 256,
  parameter int DEPTH    = 1024,
  parameter int POPS     = 4,
  parameter int PROJS    = 4,
  parameter int OPS      = 64,
  parameter int TABLE    = 1024,
  parameter int BASE     = 23,
  parameter int DELTA    = 23,
  parameter int DECAY    = 256,
  parameter int QUEUE    = 4,
  parameter int ADVANCED = 1,
  parameter int MISMATCH = 1,
  parameter int RELAYS   = 1,
  parameter int WEIGHT_DECAY = 1,
  parameter int RANDOM   = 2,
  parameter int LEVELS   = 7,
  parameter int LEFT     = 1,
  parameter int ALIGN    = 6,
  parameter int ALPHA_FRAC = 15,
  parameter int FIXED    = 0,
  parameter int COUNTERS = 1,
  parameter int READBACK = 1,
  parameter int CHECKS   = 1,
  parameter int STREAMS  = 1,
  parameter int UA       = $clog2(UNITS)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // AXI4-Lite
  input  logic                awvalid_i,
  output logic                awready_o,
  input  logic [7:0]          awaddr_i,
  input  logic                wvalid_i,
  output logic                wready_o,
  input  logic [31:0]         wdata_i,
  output logic                bvalid_o,
  input  logic                bready_i,
  output logic [1:0]          bresp_o,
  input  logic                arvalid_i,
  output logic                arready_o,
  input  logic [7:0]          araddr_i,
  output logic                rvalid_o,
  input  logic                rready_i,
  output logic [31:0]         rdata_o,
  output logic [1:0]          rresp_o,
  // AXI4-Stream: the next value of INPUT, as a write to that register
  input  logic                input_tvalid_i,
  output logic                input_tready_o,
  input  logic [31:0]         input_tdata_i,
  // AXI4-Streams of frames: targets, and after every tick what OBSERVED chooses
  input  logic                target_tvalid_i,
  output logic                target_tready_o,
  input  logic [31:0]         target_tdata_i,
  input  logic                target_tlast_i,
  output logic                observation_tvalid_o,
  input  logic                observation_tready_i,
  output logic [31:0]         observation_tdata_o,
  output logic                observation_tlast_o,
  output logic                done_o,
  output logic                interrupt_o,
  // Retire ports
  output logic [31:0]         retire_tick_o,
  output logic [15:0]         retire_operation_o,
  output logic                retire_valid_o,
  output logic [3:0]          retire_signal_o,
  output logic [UA-1:0]       retire_addr_o,
  output logic [SW-1:0]       retire_old_o,
  output logic [SW-1:0]       retire_new_o,
  output logic [15:0]         retire_random_o,
  output logic                retire_sent_o,
  output logic [LANES-1:0]    retire_weight_valid_o,
  output logic [7:0]          retire_weight_projection_o,
  output logic [UA:0]         retire_weight_row_o,
  output logic [UA:0]         retire_weight_column_o,
  output logic [LANES*WW-1:0] retire_weight_old_o,
  output logic [LANES*WW-1:0] retire_weight_new_o,
  output logic [LANES*16-1:0] retire_weight_random_o
);
  logic        request, write, ack, idle;
  logic [7:0]  addr;
  logic [31:0] wdata, rdata;

  apical_bus u_bus (
    .clk_i, .rst_ni, .awvalid_i, .awready_o, .awaddr_i, .wvalid_i, .wready_o, .wdata_i, .bvalid_o, .bready_i,
    .bresp_o, .arvalid_i, .arready_o, .araddr_i, .rvalid_o, .rready_i, .rdata_o, .rresp_o, .input_tvalid_i,
    .input_tready_o, .input_tdata_i, .idle_i(idle), .request_o(request), .write_o(write), .addr_o(addr),
    .wdata_o(wdata), .ack_i(ack), .rdata_i(rdata)
  );
  apical_core #(
    .LANES(LANES), .SW(SW), .WW(WW), .AW(AW), .DW(DW), .EW(EW), .LW(LW), .UNITS(UNITS), .DEPTH(DEPTH),
    .POPS(POPS), .PROJS(PROJS), .OPS(OPS), .TABLE(TABLE), .BASE(BASE), .DELTA(DELTA), .DECAY(DECAY),
    .QUEUE(QUEUE), .ADVANCED(ADVANCED), .MISMATCH(MISMATCH), .RELAYS(RELAYS), .WEIGHT_DECAY(WEIGHT_DECAY), .RANDOM(RANDOM), .LEVELS(LEVELS),
    .LEFT(LEFT), .ALIGN(ALIGN), .ALPHA_FRAC(ALPHA_FRAC), .FIXED(FIXED),
    .COUNTERS(COUNTERS), .READBACK(READBACK), .CHECKS(CHECKS),
    .STREAMS(STREAMS)
  ) u_core (
    .clk_i, .rst_ni, .request_i(request), .write_i(write), .addr_i(addr), .wdata_i(wdata), .ack_o(ack),
    .rdata_o(rdata), .idle_o(idle), .done_o, .interrupt_o, .target_tvalid_i, .target_tready_o, .target_tdata_i,
    .target_tlast_i, .observation_tvalid_o, .observation_tready_i, .observation_tdata_o, .observation_tlast_o,
    .retire_tick_o, .retire_operation_o, .retire_valid_o,
    .retire_signal_o, .retire_addr_o, .retire_old_o, .retire_new_o, .retire_random_o, .retire_sent_o,
    .retire_weight_valid_o, .retire_weight_projection_o, .retire_weight_row_o, .retire_weight_column_o,
    .retire_weight_old_o, .retire_weight_new_o, .retire_weight_random_o
  );
endmodule
