// SPDX-License-Identifier: Apache-2.0
// The host reaches every memory only inside of it and only between ticks, whatever the 32 bits of its address: every
// other access through the window sets ERRORS.access and writes nothing. CONTROL.clear never runs beside a tick or
// an input that is on its way. The streams have the window only while the core is idle and the host doesn't use it; no
// tick begins before the last one's frame was read, and one that was asked for is not forgotten.
module window (
  input logic        clk_i,
  input logic        request_i, write_i, idle_i, done_i, bad_operation_i, input_ready_i,
  input logic [7:0]  addr_i,
  input logic [31:0] wdata_i,
  input logic        stream_request_i, stream_write_i, hold_i, bad_frame_i,
  input logic [4:0]  stream_memory_i,
  input logic [3:0]  stream_addr_i, stream_wdata_i
);
  // No depth a power of two: addresses beyond them exist.
  localparam int UNITS = 12, DEPTH = 9, OPS = 5, DESCRIPTORS = 19, DECAY = 3, TABLE = 7;
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic        ack, open, cleared, we_operation, we_descriptor, we_decay, we_base, we_delta, we_weight;
  logic        start, offered, stream_ack, waiting;
  logic [16:0] we_signals;
  logic [31:0] addr;
  apical_host #(.LANES(4), .SW(4), .WW(4), .UNITS(UNITS), .DEPTH(DEPTH), .OPS(OPS), .DESCRIPTORS(DESCRIPTORS),
    .DECAY(DECAY), .TABLE(TABLE), .COUNTERS(0), .READBACK(1), .STREAMS(1)
  ) dut (
    .clk_i, .rst_ni(rst_n), .request_i, .write_i, .addr_i, .wdata_i, .ack_o(ack), .rdata_o(), .interrupt_o(), .idle_i,
    .start_o(start), .done_i, .tick_o(), .seed_o(), .beta_o(), .tick_operation_o(), .decay_length_o(), .link_we_o(),
    .always_we_o(), .all_stale_o(), .nudge_stale_o(), .forget_o(cleared), .input_valid_o(offered), .input_ready_i,
    .input_unit_o(), .input_value_o(), .window_o(open), .window_we_signals_o(we_signals),
    .window_we_operation_o(we_operation), .window_we_descriptor_o(we_descriptor), .window_we_decay_o(we_decay),
    .window_we_base_o(we_base), .window_we_delta_o(we_delta), .window_we_weight_o(we_weight), .window_addr_o(addr),
    .window_select_o(), .window_wdata_o(), .window_weight_addr_o(), .window_bank_o(), .window_signal_i(32'd0),
    .window_operation_i(32'd0), .window_descriptor_i(32'd0), .window_decay_i(17'd0), .window_base_i(64'd0),
    .window_delta_i(64'd0), .window_weight_i(4'd0), .targets_we_o(),
    .observed_we_o(), .observed_memory_we_o(), .stream_request_i, .stream_write_i, .stream_memory_i, .stream_addr_i,
    .stream_wdata_i, .stream_ack_o(stream_ack), .hold_i, .waiting_o(waiting), .bad_frame_i, .bad_operation_i, .bad_unit_i(1'b0), .bad_address_i(1'b0), .event_i(1'b0),
    .macs_i(7'd0), .lanes_active_i(1'b0)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [4:0] \dut.errors_q ;
  (* hierconn *) wire       \dut.in_range_q ;
  (* hierconn *) wire [5:0] \dut.addr_q ;
  (* hierconn *) wire       \dut.running_q ;
  (* hierconn *) wire [4:0] \dut.clear_addr_q ;
  (* hierconn *) wire       \dut.lent_q ;
  (* hierconn *) wire [5:0] \dut.select_q ;
  // The address as the register map has it.
  logic [31:0] asked = '0;
  logic [31:0] depth;
  wire acts = rst_n && request_i && ack;
  always @(posedge clk_i) begin
    if (acts && write_i && addr_i == 8'h34) asked <= wdata_i;
    else if (acts && addr_i == 8'h3c && idle_i && !cleared && !waiting && !outside) asked <= asked + 1;
  end
  always @* begin
    depth = \dut.select_q  < 6'd17 ? UNITS : 0;
    if (\dut.select_q  == 6'd32) depth = OPS;
    if (\dut.select_q  == 6'd33) depth = DESCRIPTORS;
    if (\dut.select_q  == 6'd34) depth = DECAY;
    if (\dut.select_q  == 6'd35 || \dut.select_q  == 6'd36) depth = TABLE;
    if (\dut.select_q  == 6'd37) depth = DEPTH * 4;
  end
  wire outside = asked >= depth;
  wire any_we  = we_operation || we_descriptor || we_decay || we_base || we_delta || we_weight || we_signals != '0;
  logic refused = 1'b0, cleared_was = 1'b0, idle_was = 1'b0, leaves = 1'b1, owed = 1'b0;
  always @(posedge clk_i) begin
    refused <= acts && addr_i == 8'h3c && (outside || !idle_i || cleared || waiting);
    {cleared_was, idle_was} <= {cleared, idle_i};
    leaves <= start || offered || !rst_n;
    owed <= rst_n && !start && (owed || (acts && write_i && addr_i == 8'h08 && wdata_i[1:0] == 2'b01 && !\dut.running_q  && !cleared));
  end
  always @* begin
    // An idle core stays idle until it is given something to do (the sequencer's idle_o), and what streams write is
    // inside, nor do they ask for anything between a tick that waits and its start (streams.sv).
    assume (idle_i || !idle_was || leaves);
    assume (!stream_write_i || stream_addr_i < UNITS);
    assume (!stream_request_i || hold_i || !waiting);
    if (rst_n) begin
      assert (!(cleared && \dut.running_q ));
      assert (\dut.clear_addr_q  <= UNITS);
      if (cleared) assert (addr < UNITS);
      assert (32'(\dut.addr_q ) == (asked > 63 ? 63 : asked));
      assert (\dut.in_range_q  == !outside);
      // The properties.
      if (cleared && !cleared_was) assert (idle_was);
      if (we_signals != '0) assert (addr < UNITS);
      if (we_operation) assert (addr < OPS);
      if (we_descriptor) assert (addr < DESCRIPTORS);
      if (we_decay) assert (addr < DECAY);
      if (we_base || we_delta) assert (addr < TABLE);
      if (we_weight) assert (addr < DEPTH * 4);
      if (any_we && !cleared && !\dut.lent_q ) assert (idle_i && open && !outside);
      if (any_we && \dut.lent_q ) assert (idle_i && open && we_signals == 17'h200 && stream_ack);
      if (open && !cleared) assert (idle_i);
      if (refused) assert (\dut.errors_q [2]);
      assert (!(\dut.lent_q  && (cleared || \dut.running_q  || offered || (start && stream_request_i))));
      assert (!(start && hold_i));
      assert (owed == waiting && !(cleared && waiting));
    end
  end
endmodule
