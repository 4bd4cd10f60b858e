// SPDX-License-Identifier: Apache-2.0
// Targets come and observations go by AXI4-Streams, a frame per population, through the window between ticks.
module apical_streams #(
  parameter int LANES = 4,
  parameter int SW    = 16,
  parameter int UNITS = 256,
  parameter int UA    = $clog2(UNITS)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  // Registers of the host.
  input  logic          targets_we_i,
  input  logic          observed_we_i,
  input  logic          observed_memory_we_i,
  input  logic [31:0]   wdata_i,
  input  logic          ended_i,     // a tick ended with END
  input  logic          waiting_i,   // the next one was asked for
  // A target per unit.
  input  logic          target_tvalid_i,
  output logic          target_tready_o,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:0]   target_tdata_i,  // as wide as a signal may be
  // verilator lint_on UNUSEDSIGNAL
  input  logic          target_tlast_i,
  // What a unit of the observed population has, sign-extended.
  output logic          observation_tvalid_o,
  input  logic          observation_tready_i,
  output logic [31:0]   observation_tdata_o,
  output logic          observation_tlast_o,
  // Window: the request stays until its acknowledge.
  output logic          request_o,
  output logic          write_o,
  output logic [4:0]    memory_o,
  output logic [UA-1:0] addr_o,
  output logic [SW-1:0] wdata_o,
  input  logic          ack_i,
  input  logic [31:0]   rdata_i,
  output logic          hold_o,      // the last frame has not been read
  output logic          bad_frame_o,
  output logic          bad_unit_o
);
  `include "apical_isa.svh"
  localparam int LB = $clog2(LANES);
  localparam int PW = 17 + LB;  // a first unit of 16 + LB bits and those behind it

  // ---- Observations: a word is fetched whenever the last one has been read.
  reg_observed_t observed_q;
  // verilator lint_off UNUSEDSIGNAL
  reg_observed_memory_t observed_memory;
  // verilator lint_on UNUSEDSIGNAL
  assign observed_memory = wdata_i;
  logic [4:0]    memory_q, frame_memory_q;
  logic [PW-1:0] place_q;      // of the next unit
  logic [15:0]   left_q;       // units to fetch
  logic          full_q, last_q, fetch, fetched;
  logic [31:0]   word_q;
  assign fetch   = left_q != '0 && !full_q;
  assign fetched = fetch && ack_i;
  assign hold_o  = left_q != '0 || full_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      observed_q <= '0;
      memory_q   <= '0;
      left_q     <= '0;
      full_q     <= 1'b0;
    end else begin
      if (observed_we_i) observed_q <= wdata_i;
      if (observed_memory_we_i) memory_q <= observed_memory.memory;
      if (ended_i) left_q <= observed_q.units;
      else if (fetched) left_q <= left_q - 1'b1;
      full_q <= fetched || (full_q && !observation_tready_i);
    end
  end
  always_ff @(posedge clk_i) begin
    if (ended_i) begin
      place_q        <= PW'(observed_q.first) << LB;
      frame_memory_q <= memory_q;
    end else if (fetched) begin
      place_q <= place_q + 1'b1;
    end
    if (fetched) begin
      word_q <= rdata_i;
      last_q <= left_q == 16'd1;
    end
  end
  assign observation_tvalid_o = full_q;
  assign observation_tdata_o  = word_q;
  assign observation_tlast_o  = last_q;

  // ---- Targets: what comes too much or has no place is dropped and reported.
  reg_targets_t  targets_q;
  logic [15:0]   unit_q;       // that the next value is for
  logic          excess_q;     // until TLAST
  logic [PW-1:0] place;
  logic          due, drop, taken, last;
  assign place = (PW'(targets_q.first) << LB) + PW'(unit_q);
  assign due   = target_tvalid_i && targets_q.units != '0 && !waiting_i;
  assign drop  = due && (excess_q || place >= PW'(UNITS));
  assign last  = unit_q + 1'b1 == targets_q.units;
  assign taken = drop || (ack_i && !fetch);
  assign target_tready_o = taken;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      targets_q <= '0;
      unit_q    <= '0;
      excess_q  <= 1'b0;
    end else if (targets_we_i) begin
      targets_q <= wdata_i;
      unit_q    <= '0;
      excess_q  <= 1'b0;
    end else if (taken) begin
      unit_q   <= target_tlast_i || last || excess_q ? '0 : unit_q + 1'b1;
      excess_q <= !target_tlast_i && (last || excess_q);
    end
  end
  assign bad_frame_o = taken && !excess_q && target_tlast_i != last;

  assign request_o  = fetch || (due && !drop);
  assign write_o    = !fetch;
  assign memory_o   = fetch ? frame_memory_q : 5'(MEMORY_TARGET);
  assign addr_o     = fetch ? place_q[UA-1:0] : place[UA-1:0];
  assign wdata_o    = target_tdata_i[SW-1:0];
  assign bad_unit_o = (fetched && place_q >= PW'(UNITS)) || (drop && !excess_q);
endmodule
