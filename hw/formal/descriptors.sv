// SPDX-License-Identifier: Apache-2.0
// The sequencer reads no operation and no descriptor outside its memory, and hands on no population or projection that
// does not exist and no units that units.sv finds outside the memories of signals, for every content of every memory: a program without
// END, a bad index or a bad descriptor ends the tick with bad_operation instead.
module descriptors (
  input logic        clk_i,
  input logic        start_i, window_i, we_operation_i, we_descriptor_i, input_valid_i,
  input logic [31:0] tick_i, wdata_i, mix_i,
  input logic [15:0] tick_operation_i, addr_i,
  input logic [19:0] unit_i,
  input logic [11:0] stale_i,
  input logic        neuron_busy_i, lanes_busy_i, forward_waits_i, forward_dirty_i, backward_waits_i,
  input logic        backward_dirty_i, any_error_i
);
  localparam int POPS = 3, PROJS = 2, OPS = 3, WORDS = POPS * 64 + PROJS * 16;  // 224 words behind 8 address bits
  logic rst_n = 1'b0;
  always @(posedge clk_i) rst_n <= 1'b1;
  logic       scan, pass, accepts;
  logic [7:0] projection;
  apical_sequencer #(.POPS(POPS), .PROJS(PROJS), .OPS(OPS), .DECAY(2), .MISMATCH(0), .LANES(2), .UNITS(12), .TABLE(5)) dut (
    .bad_table_o(), 
    .clk_i, .rst_ni(rst_n), .start_i, .idle_o(), .done_o(), .tick_i, .seed_i(32'd1), .tick_operation_i,
    .decay_length_i(16'd0), .bad_operation_o(), .bad_unit_o(), .window_we_operation_i(we_operation_i),
    .window_we_descriptor_i(we_descriptor_i), .window_we_decay_i(1'b0), .window_addr_i(addr_i), .window_i,
    .window_wdata_i(wdata_i), .window_operation_o(), .window_descriptor_o(), .window_decay_o(), .input_valid_i,
    .input_ready_o(), .input_unit_i(unit_i), .input_o(accepts), .pass_o(pass), .neuron_busy_i, .descriptor_o(), .place_o(),
    .theta_rate_o(), .theta_error_o(), .factor_o(), .tick_key_o(), .decays_o(), .pass_done_o(), .pass_slot_o(),
    .population_o(), .active_o(), .stale_i, .projection_o(projection), .matrix_o(), .code_o(), .scan_o(scan),
    .dense_o(), .lanes_busy_i, .forward_waits_i, .forward_dirty_i, .backward_waits_i, .backward_dirty_i,
    .any_error_i, .forward_done_o(), .backward_done_o(), .learn_done_o(), .operation_o(), .mixing_o(), .mix_o(),
    .mix_i
  );
  // Inner signals: after flattening they carry these names.
  (* hierconn *) wire [3:0]  \dut.state_q ;
  (* hierconn *) wire [3:0]  \dut.after_q ;
  (* hierconn *) wire [2:0]  \dut.mix_q ;
  (* hierconn *) wire [1:0]  \dut.pc_q ;
  (* hierconn *) wire [31:0] \dut.op ;
  (* hierconn *) wire        \dut.learning_q ;
  (* hierconn *) wire [15:0] \dut.load_addr_q ;
  (* hierconn *) wire [3:0]  \dut.load_left_q ;
  (* hierconn *) wire [31:0] \dut.u_program.u_operations.memory[0] ;
  (* hierconn *) wire [31:0] \dut.u_program.u_operations.memory[1] ;
  (* hierconn *) wire [31:0] \dut.u_program.u_operations.memory[2] ;
  (* hierconn *) wire [3:0]  \dut.load_word_q ;
  (* hierconn *) wire        \dut.u_program.storing_q ;
  (* hierconn *) wire [3:0]  \dut.u_program.store_q ;
  (* hierconn *) wire        \dut.bad_population ;
  (* hierconn *) wire        \dut.bad_projection ;
  wire       bad_population = \dut.bad_population , bad_projection = \dut.bad_projection ;
  wire [4:0] ends = \dut.load_word_q  + \dut.load_left_q ;
  localparam logic [3:0] IDLE = 4'd0, MIX = 4'd1, RUN = 4'd2, LOAD = 4'd3, SLOT = 4'd4, START = 4'd5, WAIT = 4'd6;
  wire       ticks    = \dut.state_q  != IDLE && !(\dut.state_q  == LOAD && \dut.after_q  == IDLE);
  wire       fetched  = ticks && !(\dut.state_q  == MIX && \dut.mix_q  == 3'd0);
  wire [3:0] code     = \dut.op [3:0];
  wire [7:0] index    = \dut.op [11:4];
  // Between RUN and the next RUN: what was checked there still holds.
  wire       executes = ticks && \dut.state_q  != MIX && \dut.state_q  != RUN;
  wire       of_slots = \dut.state_q  == SLOT || \dut.state_q  == WAIT || (\dut.state_q  == START && !\dut.learning_q ) ||
                        (\dut.state_q  == LOAD && (\dut.after_q  == SLOT || (\dut.after_q  == START && !\dut.learning_q )));
  logic [31:0] fetch;
  always @* begin
    case (\dut.pc_q )
      2'd0: fetch = \dut.u_program.u_operations.memory[0] ;
      2'd1: fetch = \dut.u_program.u_operations.memory[1] ;
      default: fetch = \dut.u_program.u_operations.memory[2] ;
    endcase
  end
  always @* begin
    // Proven of the host in window.sv.
    if (ticks) assume (!window_i && !we_operation_i && !we_descriptor_i);
    if (rst_n) begin
      assert (\dut.state_q  <= 4'd9);
      if (\dut.state_q  == LOAD)
        assert (\dut.after_q  == IDLE || \dut.after_q  == SLOT || \dut.after_q  == START || \dut.after_q  == 4'd8);
      if (fetched && \dut.pc_q  < OPS) assert (\dut.op  == fetch);
      if (executes) assert (of_slots ? code == 3'd3 && index < POPS : (code == 3'd1 || code == 3'd2 || code == 3'd4) && index < PROJS);
      if (executes) assert (\dut.learning_q  == (code == 3'd4));
      // The property: every word that is loaded is one of the memory's.
      if (\dut.state_q  == LOAD) assert (\dut.load_addr_q  + 16'(\dut.load_left_q ) <= WORDS);
      if (scan) assert (projection < PROJS);
      // No program goes on behind the last word.
      if (executes) assert (\dut.pc_q  < OPS - 1);
      // Which word goes where; what was checked as it came by (units.sv) still holds.
      if (\dut.u_program.storing_q )
        assert (\dut.state_q  == LOAD && \dut.u_program.store_q  + 4'd1 == \dut.load_word_q );
      if (\dut.state_q  == LOAD) begin
        if (\dut.after_q  == SLOT) assert (ends == 5'd15 && \dut.load_word_q  >= 4'd12);
        if (\dut.after_q  == IDLE) assert (ends == 5'd15 ? \dut.load_word_q  >= 4'd12 : ends == 5'd4);
        if (\dut.after_q  == START) assert (ends == (\dut.learning_q  ? 5'd11 : 5'd4));
        if (\dut.after_q  == 4'd8) assert (ends == 5'd11 && \dut.load_word_q  >= 4'd4);
      end
      if (executes && of_slots && !(\dut.state_q  == LOAD && \dut.after_q  == SLOT)) assert (!bad_population);
      if (executes && !of_slots && \dut.state_q  != LOAD) assert (!bad_projection);
      // The property: units that a pass, an input or the lanes work on are there.
      if (pass) assert (\dut.learning_q  ? !bad_projection : !bad_population);
      if (scan) assert (!bad_projection);
      if (accepts) assert (!bad_population);
    end
  end
endmodule
