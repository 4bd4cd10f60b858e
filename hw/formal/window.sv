// The host reaches signals and weights only inside their memories and only between ticks: every other access of theirs
// through the window sets ERRORS.access and writes nothing. CONTROL.clear never runs beside a tick.
module window (
  input logic        clk_i,
  input logic        request_i, write_i, idle_i, done_i, bad_operation_i, input_ready_i,
  input logic [7:0]  addr_i,
  input logic [31:0] wdata_i
);
  localparam int UNITS = 12, DEPTH = 9;  // no depth a power of two: addresses beyond them exist
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic        ack, open, cleared, we_operation, we_descriptor, we_decay, we_base, we_delta, we_weight;
  logic [16:0] we_signals;
  logic [31:0] addr;
  logic [5:0]  select;
  apical_host #(.LANES(4), .SW(4), .WW(4), .UNITS(UNITS), .DEPTH(DEPTH), .COUNTERS(0), .READBACK(1)) dut (
    .clk_i, .rst_ni(rst_n), .request_i, .write_i, .addr_i, .wdata_i, .ack_o(ack), .rdata_o(), .interrupt_o(), .idle_i,
    .start_o(), .done_i, .tick_o(), .seed_o(), .beta_o(), .tick_operation_o(), .decay_length_o(), .link_we_o(),
    .always_we_o(), .all_stale_o(), .nudge_stale_o(), .forget_o(cleared), .input_valid_o(), .input_ready_i,
    .input_unit_o(), .input_value_o(), .window_o(open), .window_we_signals_o(we_signals),
    .window_we_operation_o(we_operation), .window_we_descriptor_o(we_descriptor), .window_we_decay_o(we_decay),
    .window_we_base_o(we_base), .window_we_delta_o(we_delta), .window_we_weight_o(we_weight), .window_addr_o(addr),
    .window_select_o(select), .window_wdata_o(), .window_weight_addr_o(), .window_bank_o(), .window_signal_i(32'd0),
    .window_operation_i(32'd0), .window_descriptor_i(32'd0), .window_decay_i(17'd0), .window_base_i(64'd0),
    .window_delta_i(64'd0), .window_weight_i(4'd0), .bad_operation_i, .bad_unit_i(1'b0), .event_i(1'b0),
    .macs_i(7'd0), .lanes_active_i(1'b0)
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [2:0] \dut.errors_q ;
  (* hierconn *) wire       \dut.in_range_q ;
  (* hierconn *) wire       \dut.running_q ;
  (* hierconn *) wire [4:0] \dut.clear_addr_q ;
  wire outside = select < 6'd32 ? addr >= UNITS : select == 6'd37 && addr >= DEPTH * 4;
  wire any_we  = we_operation || we_descriptor || we_decay || we_base || we_delta || we_weight || we_signals != '0;
  logic refused = 1'b0;
  always @(posedge clk_i) refused <= rst_n && !cleared && request_i && ack && addr_i == 8'h3c && (outside || !idle_i);
  always @* begin
    // CONTROL with tick and clear in one write starts both at once: not what a host may do (README).
    assume (!(addr_i == 8'h08 && wdata_i[1:0] == 2'd3));
    if (rst_n) begin
      assert (!(cleared && \dut.running_q ));
      assert (\dut.clear_addr_q  <= UNITS);
      if (cleared) assert (addr < UNITS);
      else assert (\dut.in_range_q  == !outside);
      // The properties.
      if (we_signals != '0) assert (addr < UNITS);
      if (we_weight) assert (addr < DEPTH * 4);
      if (any_we && !cleared) assert (idle_i && open && !outside);
      if (open && !cleared) assert (idle_i);
      if (refused) assert (\dut.errors_q [2]);
    end
  end
endmodule
