// SPDX-License-Identifier: Apache-2.0
// A tick comes back to idle: for every content of three words of operations, with an END or without, all descriptors,
// all answers of the other units, if these are busy for at most two clocks at a time. Without CHECKS, whose errors only
// end a tick earlier.
module sequencer (
  input logic        clk_i,
  input logic [11:0] stale_i,
  input logic        neuron_busy_i, lanes_busy_i, forward_waits_i, forward_dirty_i, backward_waits_i,
  input logic        backward_dirty_i, any_error_i,
  input logic [31:0] mix_i
);
  localparam int LONGEST = 80;
  logic rst_n = 1'b0;
  logic [6:0] clock = '0;
  always @(posedge clk_i) begin
    rst_n <= 1'b1;
    clock <= clock + (clock != 7'd127);
  end
  logic idle, done, bad;
  logic [15:0] operation;
  logic [31:0] word;
  apical_sequencer #(.POPS(1), .PROJS(1), .OPS(3), .DECAY(2), .MISMATCH(0), .CHECKS(0)) dut (
    .clk_i, .rst_ni(rst_n), .start_i(clock == 7'd2), .idle_o(idle), .done_o(done), .tick_i(32'd1), .seed_i(32'd1),
    .tick_operation_i(16'd0), .decay_length_i(16'd0), .bad_operation_o(bad), .bad_unit_o(),
    .window_we_operation_i(1'b0), .window_we_descriptor_i(1'b0), .window_we_decay_i(1'b0), .window_addr_i(16'd0),
    .window_i(1'b0), .window_wdata_i(32'd0), .window_operation_o(word), .window_descriptor_o(), .window_decay_o(),
    .input_valid_i(1'b0), .input_ready_o(), .input_unit_i(20'd0), .input_o(), .pass_o(), .neuron_busy_i,
    .descriptor_o(), .place_o(), .theta_rate_o(), .theta_error_o(), .factor_o(), .tick_key_o(), .decays_o(),
    .pass_done_o(), .pass_slot_o(), .population_o(), .active_o(), .stale_i, .projection_o(), .matrix_o(), .code_o(),
    .scan_o(), .dense_o(), .lanes_busy_i, .forward_waits_i, .forward_dirty_i, .backward_waits_i, .backward_dirty_i,
    .any_error_i, .forward_done_o(), .backward_done_o(), .learn_done_o(), .operation_o(operation), .mixing_o(),
    .mix_o(), .mix_i, .bad_table_o()
  );
  logic [1:0] busy_for = '0;
  logic       finished = 1'b0;
  always @(posedge clk_i) begin
    busy_for <= neuron_busy_i || lanes_busy_i ? busy_for + 1'b1 : 2'd0;
    finished <= finished | done | bad;
  end
  always @* begin
    assume (!(busy_for == 2'd2 && (neuron_busy_i || lanes_busy_i)));
    // UPDATEs of one slot bound the length.
    assume ((word[23:12] & (word[23:12] - 1'b1)) == '0);
    if (rst_n) assert (finished || operation < 16'd3);
    if (clock == LONGEST) assert (finished && (idle || neuron_busy_i));
  end
endmodule
