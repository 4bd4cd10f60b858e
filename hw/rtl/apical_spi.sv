// SPDX-License-Identifier: Apache-2.0
// The core behind an SPI port (mode 0, at most a quarter of the clock), for parts with few pins. A frame is a
// byte {write, 0, offset / 4}, for a read one more byte of any value, and 32 bits of data, highest first.
module apical_spi #(
  parameter int LANES    = 1,
  parameter int SW       = 10,
  parameter int WW       = 8,
  parameter int AW       = 24,
  parameter int DW       = 15,
  parameter int EW       = 30,
  parameter int LW       = 21,
  parameter int UNITS    = 128,
  parameter int DEPTH    = 2048,
  parameter int POPS     = 3,
  parameter int PROJS    = 2,
  parameter int OPS      = 32,
  parameter int TABLE    = 128,
  parameter int BASE     = 15,
  parameter int DELTA    = 11,
  parameter int DECAY    = 2,
  parameter int QUEUE    = 0,
  parameter int ADVANCED = 0,
  parameter int MISMATCH = 0,
  parameter int RELAYS   = 0,
  parameter int WEIGHT_DECAY = 0,
  parameter int RANDOM   = 0,
  parameter int LEVELS   = 5,
  parameter int LEFT     = 0,
  parameter int ALIGN    = 2,
  parameter int ALPHA_FRAC = 15,
  parameter int FIXED    = 1,
  parameter int COUNTERS = 0,
  parameter int READBACK = 0,
  parameter int CHECKS   = 0
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic sclk_i,
  input  logic select_ni,
  input  logic mosi_i,
  output logic miso_o,
  output logic ready_o,  // the last access is done
  output logic idle_o,
  output logic done_o    // a tick ended; until the next frame
);
  logic [2:0]  sclk_q;
  logic [1:0]  select_q, mosi_q;
  logic [5:0]  count_q;
  logic [31:0] shift_q, rdata;
  logic [7:0]  command_q;
  logic [6:0]  next_q;        // the command of this frame; that of the last one may still be waiting
  logic        request_q, ack, rise, done, done_q;
  // verilator lint_off UNUSEDSIGNAL
  logic        fall_command;  // bit 6 of a command has no meaning
  // verilator lint_on UNUSEDSIGNAL
  assign fall_command = command_q[6];
  assign rise = sclk_q[2:1] == 2'b01 && !select_q[1];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      sclk_q    <= '0;
      select_q  <= '1;
      mosi_q    <= '0;
      count_q   <= '0;
      command_q <= '0;
      next_q    <= '0;
      request_q <= 1'b0;
      done_q    <= 1'b0;
    end else begin
      sclk_q   <= {sclk_q[1:0], sclk_i};
      select_q <= {select_q[0], select_ni};
      mosi_q   <= {mosi_q[0], mosi_i};
      if (done) done_q <= 1'b1;
      else if (rise) done_q <= 1'b0;
      if (select_q[1]) begin
        count_q <= '0;
      end else if (rise) begin
        count_q <= count_q + 1'b1;
        next_q  <= {next_q[5:0], mosi_q[1]};
        if (count_q == 6'd7) command_q <= {next_q, mosi_q[1]};
        if (count_q == 6'd7 && !next_q[6]) request_q <= 1'b1;  // a read
        if (count_q == 6'd39 && command_q[7]) request_q <= 1'b1;  // a write
      end
      if (request_q && ack) request_q <= 1'b0;
    end
  end
  always_ff @(posedge clk_i) begin
    if (request_q && ack && !command_q[7]) shift_q <= rdata;
    else if (rise && (command_q[7] ? count_q >= 6'd8 : count_q >= 6'd16)) shift_q <= {shift_q[30:0], mosi_q[1]};
  end
  assign miso_o  = shift_q[31];
  assign ready_o = !request_q;
  assign done_o  = done_q;

  apical_core #(
    .LANES(LANES), .SW(SW), .WW(WW), .AW(AW), .DW(DW), .EW(EW), .LW(LW), .UNITS(UNITS), .DEPTH(DEPTH),
    .POPS(POPS), .PROJS(PROJS), .OPS(OPS), .TABLE(TABLE), .BASE(BASE), .DELTA(DELTA), .DECAY(DECAY),
    .QUEUE(QUEUE), .ADVANCED(ADVANCED), .MISMATCH(MISMATCH), .RELAYS(RELAYS), .WEIGHT_DECAY(WEIGHT_DECAY), .RANDOM(RANDOM), .LEVELS(LEVELS),
    .LEFT(LEFT), .ALIGN(ALIGN), .ALPHA_FRAC(ALPHA_FRAC), .FIXED(FIXED),
    .COUNTERS(COUNTERS), .READBACK(READBACK), .CHECKS(CHECKS)
  ) u_core (
    .clk_i, .rst_ni, .request_i(request_q), .write_i(command_q[7]), .addr_i({command_q[5:0], 2'b00}),
    .wdata_i(shift_q), .ack_o(ack), .rdata_o(rdata), .idle_o, .done_o(done),
    .target_tvalid_i(1'b0), .target_tdata_i(32'd0), .target_tlast_i(1'b0), .observation_tready_i(1'b0),
    // A board has no use for streams nor for the records of what changed.
    // verilator lint_off PINCONNECTEMPTY
    .target_tready_o(), .observation_tvalid_o(), .observation_tdata_o(), .observation_tlast_o(), .interrupt_o(), .retire_tick_o(), .retire_operation_o(), .retire_valid_o(), .retire_signal_o(), .retire_addr_o(),
    .retire_old_o(), .retire_new_o(), .retire_random_o(), .retire_sent_o(), .retire_weight_valid_o(),
    .retire_weight_projection_o(), .retire_weight_row_o(), .retire_weight_column_o(),
    .retire_weight_old_o(), .retire_weight_new_o(), .retire_weight_random_o()
    // verilator lint_on PINCONNECTEMPTY
  );
endmodule
