// SPDX-License-Identifier: Apache-2.0
// What a tick costs: clocks, clocks in which the lanes had nothing to do, events, multiply-accumulates.
module apical_counters #(
  parameter int COUNTERS = 1  // 0: none, all read 0
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,
  input  logic        running_i,
  input  logic        event_i,
  input  logic [6:0]  macs_i,
  input  logic        lanes_active_i,
  output logic [31:0] cycles_o,
  output logic [31:0] stalls_o,
  output logic [31:0] events_o,
  output logic [31:0] macs_o,
  output logic [31:0] lane_cycles_o
);
  if (COUNTERS != 0) begin : gen_counters
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        {cycles_o, stalls_o, events_o, macs_o, lane_cycles_o} <= '0;
      end else if (clear_i) begin
        {cycles_o, stalls_o, events_o, macs_o, lane_cycles_o} <= '0;
      end else begin
        if (running_i) cycles_o <= cycles_o + 1'b1;
        if (running_i && !lanes_active_i) stalls_o <= stalls_o + 1'b1;
        if (event_i) events_o <= events_o + 1'b1;
        if (lanes_active_i) lane_cycles_o <= lane_cycles_o + 1'b1;
        macs_o <= macs_o + 32'(macs_i);
      end
    end
  end else begin : gen_none
    // verilator lint_off UNUSEDSIGNAL
    logic unused;  // nothing is counted
    // verilator lint_on UNUSEDSIGNAL
    assign unused = ^{clk_i, rst_ni, clear_i, running_i, event_i, macs_i, lanes_active_i};
    assign {cycles_o, stalls_o, events_o, macs_o, lane_cycles_o} = '0;
  end
endmodule
