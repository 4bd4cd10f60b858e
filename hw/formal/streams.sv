// SPDX-License-Identifier: Apache-2.0
// Streams: what is offered stays until it is taken; a frame has as many beats as OBSERVED said when the tick ended,
// the last one alone with TLAST, each the word of its own unit, none lost and none twice. Every target is written
// once, to its unit of its frame, or is dropped and reported.
module streams (
  input logic        clk_i,
  input logic        targets_we_i, observed_we_i, observed_memory_we_i, ended_i, waiting_i,
  input logic        target_tvalid_i, target_tlast_i, observation_tready_i, ack_i,
  input logic [31:0] wdata_i, target_tdata_i, rdata_i
);
  localparam int UNITS = 6;  // no power of two: addresses beyond it exist
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic        tready, ovalid, olast, request, write, hold, bad_frame, bad_unit;
  logic [31:0] odata;
  logic [4:0]  memory;
  logic [2:0]  addr;
  logic [3:0]  wdata;
  apical_streams #(.LANES(2), .SW(4), .UNITS(UNITS)) dut (
    .clk_i, .rst_ni(rst_n), .targets_we_i, .observed_we_i, .observed_memory_we_i, .wdata_i, .ended_i, .waiting_i,
    .target_tvalid_i, .target_tready_o(tready), .target_tdata_i, .target_tlast_i, .observation_tvalid_o(ovalid),
    .observation_tready_i, .observation_tdata_o(odata), .observation_tlast_o(olast), .request_o(request),
    .write_o(write), .memory_o(memory), .addr_o(addr), .wdata_o(wdata), .ack_i, .rdata_i, .hold_o(hold),
    .bad_frame_o(bad_frame), .bad_unit_o(bad_unit)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [15:0] \dut.left_q ;
  (* hierconn *) wire [17:0] \dut.place_q ;
  (* hierconn *) wire [4:0]  \dut.frame_memory_q ;
  (* hierconn *) wire [31:0] \dut.observed_q ;
  (* hierconn *) wire [4:0]  \dut.memory_q ;
  (* hierconn *) wire [31:0] \dut.targets_q ;
  (* hierconn *) wire [15:0] \dut.unit_q ;
  (* hierconn *) wire        \dut.excess_q ;

  // The registers as the map has them, and the frames they ask for.
  logic [31:0] observed = '0, targets = '0, frame = '0, word = '0;
  logic [4:0]  chosen = '0, frame_memory = '0;
  logic [15:0] got = '0, sent = '0;   // words fetched, beats taken, of this frame
  logic [15:0] unit = '0;             // that the next target is for
  logic        excess = 1'b0, held = 1'b0, olast_was = 1'b0, fetching = 1'b0;
  logic [31:0] odata_was = '0;
  logic [2:0]  addr_was = '0;
  logic [4:0]  memory_was = '0;
  wire fetched = request && !write && ack_i;
  wire written = request && write && ack_i;
  wire [17:0] place = {1'b0, targets[31:16], 1'b0} + {2'b0, unit};
  always @(posedge clk_i) begin
    if (rst_n) begin
      if (observed_we_i) observed <= wdata_i;
      if (observed_memory_we_i) chosen <= wdata_i[4:0];
      if (ended_i) begin
        {frame, frame_memory} <= {observed, chosen};
        {got, sent} <= '0;
      end else begin
        got  <= got + 16'(fetched);
        sent <= sent + 16'(ovalid && observation_tready_i);
      end
      if (fetched) word <= rdata_i;
      held <= ovalid && !observation_tready_i;
      {odata_was, olast_was} <= {odata, olast};
      fetching <= request && !write && !ack_i;
      {addr_was, memory_was} <= {addr, memory};
      if (targets_we_i) begin
        targets <= wdata_i;
        unit    <= '0;
        excess  <= 1'b0;
      end else if (tready) begin
        if (target_tlast_i) {unit, excess} <= '0;
        else if (!excess && unit + 1'b1 == targets[15:0]) {unit, excess} <= 17'd1;
        else if (!excess) unit <= unit + 1'b1;
      end
    end
  end
  always @* begin
    // The host starts no tick while it is held up (window.sv), and acknowledges what was asked for.
    assume (!(ended_i && hold));
    assume (!(ack_i && !request));
    if (rst_n) begin
      assert (\dut.observed_q  == observed && \dut.memory_q  == chosen && \dut.targets_q  == targets);
      assert (\dut.unit_q  == unit && \dut.excess_q  == excess);
      assert (\dut.left_q  == frame[15:0] - got && got <= frame[15:0]);
      if (frame[15:0] != '0) assert (\dut.frame_memory_q  == frame_memory);
      if (frame[15:0] != '0) assert (\dut.place_q  == {1'b0, frame[31:16], 1'b0} + {2'b0, got});
      assert (!excess || unit == '0);
      assert (targets[15:0] == '0 ? unit == '0 : unit < targets[15:0]);
      // The properties: observations.
      assert (hold == (sent != frame[15:0]));
      assert (got == sent + 16'(ovalid));
      if (ovalid) assert (odata == word && olast == (sent + 1'b1 == frame[15:0]));
      if (held) assert (ovalid && odata == odata_was && olast == olast_was);
      if (request && !write) assert (!ovalid && memory == frame_memory && addr == 3'({frame[16+:2], 1'b0} + got[2:0]));
      if (fetching) assert (request && !write && addr == addr_was && memory == memory_was);
      if (fetched) assert (bad_unit || {1'b0, frame[31:16], 1'b0} + {2'b0, got} < UNITS);
      if (request && waiting_i) assert (hold);
      // Targets.
      assert (!tready || (target_tvalid_i && targets[15:0] != '0 && !waiting_i));
      if (written) assert (tready && !excess && place < UNITS && addr == place[2:0] && wdata == target_tdata_i[3:0] && memory == 5'd9);
      if (tready && !written) assert (excess || (place >= UNITS && bad_unit));
      assert (bad_frame == (tready && !excess && target_tlast_i != (unit + 1'b1 == targets[15:0])));
    end
  end
endmodule
