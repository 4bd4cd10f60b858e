// SPDX-License-Identifier: Apache-2.0
// Executes the program's operations: fetches one, skips it if nothing that it reads changed, loads the
// descriptors it needs, and starts the neuron unit or the lanes.
module apical_sequencer #(
  parameter int POPS  = 4,
  parameter int PROJS = 4,
  parameter int OPS   = 64,
  parameter int DECAY = 256,
  parameter int MISMATCH = 1,
  parameter int LANES = 4,
  parameter int UNITS = 256,
  parameter int TABLE = 1024,
  parameter int CHECKS = 1,
  parameter int OA    = $clog2(OPS),
  parameter int YA    = $clog2(DECAY)
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  // Host.
  input  logic          start_i,        // a tick
  output logic          idle_o,
  output logic          done_o,         // the tick ends with this clock
  input  logic [31:0]   tick_i,
  input  logic [31:0]   seed_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [15:0]   tick_operation_i,  // as wide as a memory may be
  // verilator lint_on UNUSEDSIGNAL
  input  logic [15:0]   decay_length_i,
  output logic          bad_operation_o,
  output logic          bad_unit_o,
  input  logic          window_we_operation_i,
  input  logic          window_we_descriptor_i,
  input  logic          window_we_decay_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [15:0]   window_addr_i,     // as wide as a memory may be
  // verilator lint_on UNUSEDSIGNAL
  input  logic          window_i,
  input  logic [31:0]   window_wdata_i,
  output logic [31:0]   window_operation_o,
  output logic [31:0]   window_descriptor_o,
  output logic [16:0]   window_decay_o,
  // Values of population 0.
  input  logic          input_valid_i,
  output logic          input_ready_o,
  input  logic [19:0]   input_unit_i,
  output logic          input_o,        // it goes into the neuron unit
  // Neuron unit.
  output logic          pass_o,
  input  logic          neuron_busy_i,
  output logic [127:0]  descriptor_o,
  output logic [31:0]   place_o,        // first group and units of the population
  output logic          bad_table_o,    // descriptor_o begins its table beyond the memory
  output logic [31:0]   theta_rate_o,
  output logic [31:0]   theta_error_o,
  output logic [16:0]   factor_o,
  output logic [31:0]   tick_key_o,
  output logic          decays_o,
  output logic          pass_done_o,
  output logic [11:0]   pass_slot_o,
  output logic [7:0]    population_o,   // that stale_i is asked about
  output logic [7:0]    active_o,       // whose pass runs
  input  logic [11:0]   stale_i,
  // Lanes.
  output logic [7:0]    projection_o,
  output logic [223:0]  matrix_o,       // of the projection
  output logic [3:0]    code_o,
  output logic          scan_o,
  output logic          dense_o,
  input  logic          lanes_busy_i,
  input  logic          forward_waits_i,
  input  logic          forward_dirty_i,
  input  logic          backward_waits_i,
  input  logic          backward_dirty_i,
  input  logic          any_error_i,
  output logic          forward_done_o,
  output logic          backward_done_o,
  output logic          learn_done_o,
  output logic [15:0]   operation_o,    // number of the operation under way
  // The hash unit is the scan's, who is idle while the tick's key is made.
  output logic          mixing_o,
  output logic [31:0]   mix_o,
  input  logic [31:0]   mix_i
);
  `include "apical_isa.svh"

  typedef enum logic [3:0] {
    IDLE, MIX, RUN, LOAD, SLOT, PASS_START, PASS_WAIT, LEAD, LANES_START, LANES_WAIT
  } state_e;
  state_e state_q, state_d, after_q, after_d;

  localparam logic [3:0] LEAD_CLOCKS = 4'd9;  // from the start of a pass to its first written value

  // ---- Program and descriptor registers
  logic [OA-1:0] pc_q, pc_d;
  localparam int DESCRIPTORS = POPS * POPULATION_STRIDE + PROJS * PROJECTION_STRIDE;
  localparam int EA = $clog2(DESCRIPTORS);
  localparam int HEADER = POPULATION_HEADER_WORD % 16;  // its first register
  // verilator lint_off UNUSEDSIGNAL
  operation_t    op;  // a word with bits to spare
  logic [16*32-1:0] words;  // of a pass, of a matrix, of a header; 11 and 15 are nobody's
  matrix_t       matrix;
  header_t       header;
  place_t        place;
  // verilator lint_on UNUSEDSIGNAL
  logic [16:0]   decay_word;
  logic [15:0]   load_addr_q, load_addr_d;
  logic [3:0]    load_left_q, load_left_d, load_word_q, load_word_d;
  logic [32:0]   next_tick;  // behind the last of all ticks nothing is left to decay
  logic          loads, loaded, bad_population, bad_projection;
  assign next_tick = {1'b0, tick_i} + 33'd1;
  assign loads     = state_q == LOAD && load_left_q != '0;
  assign loaded    = state_q == LOAD && load_left_q == '0;  // the last word is being stored
  apical_program #(.DESCRIPTORS(DESCRIPTORS), .OPS(OPS), .DECAY(DECAY), .MISMATCH(MISMATCH), .LANES(LANES), .UNITS(UNITS),
    .TABLE(TABLE), .CHECKS(CHECKS)) u_program (
    .clk_i, .rst_ni, .window_we_operation_i, .window_we_descriptor_i, .window_we_decay_i, .window_addr_i, .window_i,
    .window_wdata_i, .window_operation_o, .window_descriptor_o, .window_decay_o(decay_word),
    .operation_i(pc_d), .operation_o(op), .decay_i(next_tick[YA-1:0]), .descriptor_i(load_addr_q[EA-1:0]),
    .load_i(loads), .word_i(load_word_q), .words_o(words), .bad_population_o(bad_population),
    .bad_projection_o(bad_projection), .bad_table_o
  );
  assign window_decay_o = decay_word;

  // ---- The operation under way
  logic [3:0]  code;
  logic [7:0]  index;
  logic [11:0] slots;
  // Without checks only the bits that there are codes for.
  assign code  = CHECKS != 0 ? op.code : 4'(op.code[OP_BITS-1:0]);
  assign index = op.index;
  assign slots = op.slots[SLOT_COUNT-1:0];

  logic             header_valid_q, header_valid_d, input_ready_q, input_ready_d, start_q, start_d;
  logic [7:0]       header_q, header_d;
  assign matrix        = words[PROJECTION_MATRIX_WORD*32+:MATRIX_WORDS*32];
  assign header        = words[HEADER*32+:HEADER_WORDS*32];
  assign place         = header.place;
  assign descriptor_o  = words[0+:PASS_WORDS*32];
  assign matrix_o      = matrix;
  assign theta_rate_o  = header.theta_rate;
  assign theta_error_o = header.theta_error;

  // ---- Key of the tick: mix32(mix32(seed) + tick)
  logic [2:0]  mix_q, mix_d;
  logic [31:0] mixed, tick_key_q, tick_key_d;
  assign mixed = mix_i;
  assign mixing_o = state_q == MIX;
  assign mix_o = mix_q == 3'd0 ? seed_i : mixed + tick_i;
  logic [16:0] factor_q, factor_d;

  logic        learning_q, learning_d, dense_q, dense_d;
  logic [11:0] left_q, left_d, due, slot_q, slot_d;
  logic [3:0]  slot_number;
  logic        bad_index, bad_words;
  logic [15:0] population_at, projection_at;
  assign due           = left_q & stale_i;
  assign population_at = 16'(index) << $clog2(POPULATION_STRIDE);
  assign projection_at = 16'(POPS * POPULATION_STRIDE) + (16'(index) << $clog2(PROJECTION_STRIDE));
  // The last word of the operations can only be an END: no program runs past it.
  assign bad_index     = (code == OP_UPDATE ? index >= 8'(POPS) : index >= 8'(PROJS)) || 32'(pc_q) >= 32'(OPS - 1);
  // Of a descriptor that an operation has loaded; an input drops its value instead.
  assign bad_words     = code == OP_UPDATE ? bad_population : bad_projection;

  // What others answer within the clock is assigned once, for its answer wakes the block below.
  logic walked;
  assign walked          = state_q == LANES_WAIT && !lanes_busy_i && !neuron_busy_i;
  assign done_o          = state_q == RUN && code == OP_END;
  assign bad_operation_o = (state_q == RUN && code != OP_END && (code > OP_LEARN || bad_index)) ||
                           (loaded && after_q != IDLE && bad_words);
  assign decays_o        = state_q == MIX && mix_q == 3'd6 && (factor_d != '0 || factor_q != '0);
  assign pass_o          = state_q == PASS_START;
  assign pass_done_o     = state_q == PASS_WAIT && !neuron_busy_i;
  assign scan_o          = state_q == LANES_START;
  assign forward_done_o  = walked && code == OP_FORWARD;
  assign backward_done_o = walked && code == OP_BACKWARD;
  assign learn_done_o    = walked && code == OP_LEARN;

  always_comb begin
    slot_d = due & (~due + 1'b1);
    slot_number = '0;
    for (int s = 0; s < SLOT_COUNT; s++) if (slot_d[s]) slot_number = 4'(s);
  end

  // A descriptor that was written in the last clock makes what was loaded void: to know of it at once is long.
  logic written_q, header_ok, input_ok;
  assign header_ok = header_valid_q && !written_q;
  assign input_ok  = input_ready_q && !written_q;

  always_comb begin
    state_d = state_q;
    after_d = after_q;
    {pc_d, left_d} = {pc_q, left_q};
    {load_addr_d, load_left_d, load_word_d} = {load_addr_q, load_left_q, load_word_q};
    {header_valid_d, header_d, input_ready_d} = {header_ok, header_q, input_ok};
    start_d = start_q | start_i;
    mix_d = '0;
    {tick_key_d, factor_d} = {tick_key_q, factor_q};
    {learning_d, dense_d} = {learning_q, dense_q};
    unique case (state_q)
      IDLE: begin
        if (start_q && !neuron_busy_i) begin
          start_d = 1'b0;
          state_d = MIX;
          pc_d    = tick_i == '0 ? '0 : tick_operation_i[OA-1:0];
        end else if (input_valid_i && !input_ok && !neuron_busy_i) begin
          // Population 0: its header, then how its rates are written.
          state_d     = LOAD;
          after_d     = IDLE;
          load_addr_d = header_ok && header_q == '0 ? 16'(SLOT_RATE * POPULATION_SLOT_STRIDE) : 16'(POPULATION_HEADER_WORD);
          load_left_d = header_ok && header_q == '0 ? 4'(PASS_WORDS) : 4'(HEADER_WORDS);
          load_word_d = header_ok && header_q == '0 ? '0 : 4'(HEADER);
          input_ready_d  = header_ok && header_q == '0;
          {header_valid_d, header_d} = {1'b1, 8'd0};
        end
      end
      MIX: begin
        mix_d = mix_q + 1'b1;
        if (mix_q == 3'd6) begin
          tick_key_d = mixed;
          factor_d   = MISMATCH != 0 && next_tick < 33'(decay_length_i) && next_tick < 33'(DECAY) ? decay_word : '0;
          state_d    = RUN;
        end
      end
      RUN: begin
        learning_d = 1'b0;
        left_d     = slots;
        unique case (code)
          OP_END: state_d = IDLE;
          OP_FORWARD, OP_BACKWARD: begin
            dense_d = code == OP_FORWARD ? forward_dirty_i : backward_dirty_i;
            if (dense_d || (code == OP_FORWARD ? forward_waits_i : backward_waits_i)) begin
              state_d     = LOAD;
              after_d     = LANES_START;
              {load_addr_d, load_left_d, load_word_d} = {projection_at + 16'(PROJECTION_MATRIX_WORD), 4'(MATRIX_WORDS), 4'(PROJECTION_MATRIX_WORD)};
            end else begin
              pc_d = pc_q + 1'b1;
            end
          end
          OP_UPDATE: begin
            if ((slots & stale_i) == '0) begin
              pc_d = pc_q + 1'b1;
            end else if (header_ok && header_q == index && !bad_population) begin
              state_d = SLOT;
            end else begin
              state_d        = LOAD;
              after_d        = SLOT;
              {load_addr_d, load_left_d, load_word_d} = {population_at + 16'(POPULATION_HEADER_WORD), 4'(HEADER_WORDS), 4'(HEADER)};
              {header_valid_d, header_d} = {1'b1, index};
            end
          end
          OP_LEARN: begin
            learning_d = 1'b1;
            dense_d    = 1'b1;
            if (any_error_i) begin
              state_d       = LOAD;
              after_d       = PASS_START;
              {load_addr_d, load_left_d, load_word_d} = {projection_at, 4'(PROJECTION_WORDS), 4'd0};
              input_ready_d = 1'b0;
            end else begin
              pc_d = pc_q + 1'b1;
            end
          end
          default: ;
        endcase
      end
      LOAD: begin
        if (loaded) begin
          state_d = after_q;
        end else begin
          {load_addr_d, load_left_d, load_word_d} = {load_addr_q + 1'b1, load_left_q - 1'b1, load_word_q + 1'b1};
        end
      end
      SLOT: begin
        if (due == '0) begin
          state_d = RUN;
          pc_d    = pc_q + 1'b1;
        end else begin
          state_d       = LOAD;
          after_d       = PASS_START;
          {load_addr_d, load_left_d, load_word_d} = {population_at + (16'(slot_number) << $clog2(POPULATION_SLOT_STRIDE)), 4'(PASS_WORDS), 4'd0};
          input_ready_d = 1'b0;
          left_d        = left_q & ~(slot_d | (slot_d - 1'b1));
        end
      end
      PASS_START: begin
        state_d     = PASS_WAIT;
        if (learning_q) state_d = LEAD;
        load_left_d = LEAD_CLOCKS;
      end
      PASS_WAIT: if (pass_done_o) state_d = SLOT;
      LEAD: begin
        // The lanes' scan follows the steps as they are written, one per clock like it.
        load_left_d = load_left_q - 1'b1;
        if (load_left_q == '0) state_d = LANES_START;
      end
      LANES_START: state_d = LANES_WAIT;
      LANES_WAIT: begin
        if (walked) begin
          state_d = RUN;
          pc_d    = pc_q + 1'b1;
        end
      end
      default: state_d = IDLE;
    endcase
    if (bad_operation_o) begin
      state_d        = IDLE;
      header_valid_d = 1'b0;
      input_ready_d  = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= IDLE;
      after_q <= IDLE;
      {pc_q, load_left_q, mix_q, factor_q} <= '0;
      {header_valid_q, input_ready_q, start_q, learning_q, written_q} <= '0;
    end else begin
      state_q <= state_d;
      after_q <= after_d;
      {pc_q, load_left_q, mix_q, factor_q} <= {pc_d, load_left_d, mix_d, factor_d};
      {header_valid_q, input_ready_q, start_q, learning_q} <= {header_valid_d, input_ready_d, start_d, learning_d};
      written_q <= window_we_descriptor_i;
    end
  end
  always_ff @(posedge clk_i) begin
    {load_addr_q, load_word_q, header_q} <= {load_addr_d, load_word_d, header_d};
    {tick_key_q, dense_q, left_q} <= {tick_key_d, dense_d, left_d};
    if (state_q == SLOT) slot_q <= slot_d;
  end

  // A LEARN's pass is over the projection's target, an UPDATE's over its population.
  assign place_o      = learning_q ? matrix.target : place;
  assign factor_o     = factor_q;
  assign tick_key_o   = tick_key_q;
  assign pass_slot_o  = slot_q;
  assign population_o = state_q == RUN ? index : header_q;
  assign active_o     = header_q;
  assign projection_o = index;
  assign code_o       = code;
  assign dense_o      = dense_q;
  assign operation_o  = 16'(pc_q);
  assign idle_o       = state_q == IDLE && !start_q && !neuron_busy_i;

  // A value is taken in one clock; one for a unit that does not exist is dropped and reported.
  logic in_range;
  assign in_range      = input_unit_i < 20'(place.units) && !bad_population;
  assign input_ready_o = state_q == IDLE && !start_q && input_ok;
  assign input_o       = input_valid_i && input_ready_o && in_range;
  assign bad_unit_o    = input_valid_i && input_ready_o && !in_range;
endmodule
