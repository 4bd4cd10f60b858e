// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite and an AXI4-Stream of inputs in front of the register port; one access at a time, writes first.
module apical_bus (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        awvalid_i,
  output logic        awready_o,
  input  logic [7:0]  awaddr_i,
  input  logic        wvalid_i,
  output logic        wready_o,
  input  logic [31:0] wdata_i,
  output logic        bvalid_o,
  input  logic        bready_i,
  output logic [1:0]  bresp_o,
  input  logic        arvalid_i,
  output logic        arready_o,
  input  logic [7:0]  araddr_i,
  output logic        rvalid_o,
  input  logic        rready_i,
  output logic [31:0] rdata_o,
  output logic [1:0]  rresp_o,
  input  logic        input_tvalid_i,
  output logic        input_tready_o,
  input  logic [31:0] input_tdata_i,
  input  logic        idle_i,
  output logic        request_o,
  output logic        write_o,
  output logic [7:0]  addr_o,
  output logic [31:0] wdata_o,
  input  logic        ack_i,
  input  logic [31:0] rdata_i
);
  `include "apical_isa.svh"

  typedef enum logic [2:0] { READY, WRITE, READ, STREAM, ANSWER_WRITE, ANSWER_READ } state_e;
  state_e      state_q, state_d;
  logic [7:0]  addr_q, addr_d;
  logic [31:0] data_q, data_d;
  logic        take_write, take_read, take_stream;

  // A write is taken when address and data are there; a stream waits while a tick runs.
  assign take_write  = state_q == READY && awvalid_i && wvalid_i;
  assign take_read   = state_q == READY && !take_write && arvalid_i;
  assign take_stream = state_q == READY && !take_write && !take_read && input_tvalid_i && idle_i;
  assign awready_o   = take_write;
  assign wready_o    = take_write;
  assign arready_o   = take_read;
  assign input_tready_o = take_stream;

  always_comb begin
    state_d = state_q;
    addr_d  = addr_q;
    data_d  = data_q;
    unique case (state_q)
      READY: begin
        if (take_write) begin
          state_d = WRITE;
          addr_d  = awaddr_i;
          data_d  = wdata_i;
        end else if (take_read) begin
          state_d = READ;
          addr_d  = araddr_i;
        end else if (take_stream) begin
          state_d = STREAM;
          addr_d  = REG_INPUT;
          data_d  = input_tdata_i;
        end
      end
      WRITE:  if (ack_i) state_d = ANSWER_WRITE;
      STREAM: if (ack_i) state_d = READY;
      READ: begin
        if (ack_i) begin
          state_d = ANSWER_READ;
          data_d  = rdata_i;
        end
      end
      ANSWER_WRITE: if (bready_i) state_d = READY;
      ANSWER_READ:  if (rready_i) state_d = READY;
      default:      state_d = READY;
    endcase
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= READY;
    else state_q <= state_d;
  end
  always_ff @(posedge clk_i) begin
    addr_q <= addr_d;
    data_q <= data_d;
  end

  assign request_o = state_q == WRITE || state_q == READ || state_q == STREAM;
  assign write_o   = state_q != READ;
  assign addr_o    = addr_q;
  assign wdata_o   = data_q;
  assign bvalid_o  = state_q == ANSWER_WRITE;
  assign rvalid_o  = state_q == ANSWER_READ;
  assign rdata_o   = data_q;
  assign bresp_o   = 2'b00;
  assign rresp_o   = 2'b00;
endmodule
