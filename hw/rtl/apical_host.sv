// SPDX-License-Identifier: Apache-2.0
// Registers of the host, the window on the memories, counters and errors. See apical.rdl for the map.
module apical_host #(
  parameter int LANES = 4,
  parameter int SW    = 16,
  parameter int WW    = 16,
  parameter int UNITS = 256,
  parameter int DEPTH = 1024,  // weights per bank
  parameter int OPS   = 64,
  parameter int DESCRIPTORS = 320,  // words
  parameter int DECAY = 256,
  parameter int TABLE = 1024,
  parameter int COUNTERS = 1,
  parameter int READBACK = 1,  // what the host wrote can be read, not only signals and weights; what was refused reads 0
  parameter int WIDE = 1,      // some memory has words of more than 32 bits
  parameter int STREAMS = 0,   // targets and observations come and go by streams, too
  parameter int UA    = $clog2(UNITS),
  parameter int A     = $clog2(DEPTH)
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // One access at a time: the request stays until the clock of its acknowledge.
  input  logic        request_i,
  input  logic        write_i,
  input  logic [7:0]  addr_i,
  input  logic [31:0] wdata_i,
  output logic        ack_o,
  output logic [31:0] rdata_o,
  output logic        interrupt_o,
  // Core.
  input  logic        idle_i,
  output logic        start_o,
  input  logic        done_i,
  output logic [31:0] tick_o,
  output logic [31:0] seed_o,
  output logic [15:0] beta_o,
  output logic [15:0] tick_operation_o,
  output logic [15:0] decay_length_o,
  output logic        link_we_o,
  output logic        always_we_o,
  output logic        all_stale_o,
  output logic        nudge_stale_o,
  output logic        forget_o,
  output logic        input_valid_o,
  input  logic        input_ready_i,
  output logic [19:0] input_unit_o,
  output logic [SW-1:0] input_value_o,
  // Window.
  output logic        window_o,
  output logic [16:0] window_we_signals_o,
  output logic        window_we_operation_o,
  output logic        window_we_descriptor_o,
  output logic        window_we_decay_o,
  output logic        window_we_base_o,
  output logic        window_we_delta_o,
  output logic        window_we_weight_o,
  output logic [31:0] window_addr_o,
  output logic [5:0]  window_select_o,
  output logic [63:0] window_wdata_o,
  output logic [A-1:0] window_weight_addr_o,
  output logic [7:0]  window_bank_o,
  input  logic [31:0] window_signal_i,
  input  logic [31:0] window_operation_i,
  input  logic [31:0] window_descriptor_i,
  input  logic [16:0] window_decay_i,
  input  logic [63:0] window_base_i,
  input  logic [63:0] window_delta_i,
  input  logic [WW-1:0] window_weight_i,
  // The streams: registers, the window while the host has no use for it, a tick that waits for them.
  output logic        targets_we_o,
  output logic        observed_we_o,
  output logic        observed_memory_we_o,
  input  logic        stream_request_i,
  input  logic        stream_write_i,   // a target, else a read
  input  logic [4:0]  stream_memory_i,
  input  logic [UA-1:0] stream_addr_i,
  input  logic [SW-1:0] stream_wdata_i,
  output logic        stream_ack_o,     // written, or the word is there
  input  logic        hold_i,           // the last frame has not been read
  output logic        waiting_o,        // a tick waits for that
  input  logic        bad_frame_i,
  // Counted and reported.
  input  logic        bad_operation_i,
  input  logic        bad_unit_i,
  input  logic        bad_address_i,
  input  logic        event_i,
  input  logic [6:0]  macs_i,
  input  logic        lanes_active_i
);
  `include "apical_isa.svh"
  localparam int LB = $clog2(LANES);
  // The window's address holds one beyond the largest memory, too.
  localparam int MOST0 = UNITS > DEPTH * LANES ? UNITS : DEPTH * LANES;
  localparam int MOST1 = OPS > DESCRIPTORS ? OPS : DESCRIPTORS;
  localparam int MOST2 = DECAY > TABLE ? DECAY : TABLE;
  localparam int MOST3 = MOST0 > MOST1 ? MOST0 : MOST1;
  localparam int NA = $clog2((MOST3 > MOST2 ? MOST3 : MOST2) + 1);

  // What is written, by the register that it is written to.
  // verilator lint_off UNUSEDSIGNAL
  reg_control_t        control;
  reg_beta_t           beta;
  reg_tick_operation_t tick_operation;
  reg_decay_length_t   decay_length;
  reg_window_select_t  window_select;
  reg_input_unit_t     input_unit;
  reg_interrupt_t      interrupt;
  // verilator lint_on UNUSEDSIGNAL
  assign control        = wdata_i;
  assign beta           = wdata_i;
  assign tick_operation = wdata_i;
  assign decay_length   = wdata_i;
  assign window_select  = wdata_i;
  assign input_unit     = wdata_i;
  assign interrupt      = wdata_i;

  logic [31:0] tick_q, seed_q, high_q, cycles, stalls, events, macs, lane_cycles;
  logic [NA-1:0] addr_q;
  logic [15:0] beta_q, tick_operation_q, decay_length_q;
  logic [19:0] input_unit_q;
  logic [5:0]  select_q, select_d;
  logic [NA-1:0] addr_d, limit;
  reg_errors_t errors_q, errors_d;
  logic [2:0]  wait_q;
  logic        ended_q, ended_d;      // a tick has ended and nobody took note of it
  logic [1:0]  enable_q;              // of the interrupt: at errors, at the end of a tick
  logic        running_q, clear_q, chosen_q, is_window, is_input, is_clear, refused, acts, writes, in_range_q;
  logic [UA:0] clear_addr_q;

  // The window is lent to the streams for one access at a time; what needs an idle core waits so long. A tick that
  // was asked for waits for the reader of the last one's frame.
  logic lent_q, waiting_q, occupied, idles, request, asked, stream_we;
  assign occupied = running_q || waiting_q;
  assign idles    = is_window || (write_i && (addr_i == REG_INPUT || addr_i == REG_CONTROL));
  assign request  = request_i && !(lent_q && idles);
  if (STREAMS != 0) begin : gen_streams
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        lent_q    <= 1'b0;
        waiting_q <= 1'b0;
      end else begin
        lent_q    <= stream_request_i && (lent_q ? !stream_ack_o : idle_i && !running_q && !clear_q && !(request_i && idles));
        waiting_q <= (asked || waiting_q) && hold_i;
      end
    end
  end else begin : gen_no_streams
    assign {lent_q, waiting_q} = '0;
  end
  assign waiting_o    = waiting_q;
  assign stream_we    = lent_q && stream_request_i && stream_write_i;
  assign stream_ack_o = stream_we || (lent_q && stream_request_i && wait_q == 3'd4);
  assign targets_we_o         = writes && addr_i == REG_TARGETS;
  assign observed_we_o        = writes && addr_i == REG_OBSERVED;
  assign observed_memory_we_o = writes && addr_i == REG_OBSERVED_MEMORY;

  // A read of the window takes four clocks, a value for an input until it is taken, all else one. An input that is
  // still on its way holds up the window and a clear.
  assign is_window = addr_i == REG_WINDOW_DATA;
  assign is_input  = addr_i == REG_INPUT && write_i;
  assign is_clear  = addr_i == REG_CONTROL && write_i && control.clear;
  assign refused   = (is_window && !(idle_i && !waiting_q && !clear_q && in_range_q)) || (is_input && (occupied || clear_q));
  assign ack_o = request && (is_input ? (input_valid_o && input_ready_i) || occupied || clear_q :
                             is_window && !write_i && !refused ? wait_q == 3'd4 :
                             !((is_window || is_clear) && !occupied && !clear_q && !idle_i));  // soon idle
  assign acts   = ack_o && request && !refused;
  assign writes = acts && write_i;

  always_comb begin
    addr_d   = addr_q;
    select_d = select_q;
    if (acts && is_window) addr_d = addr_q + 1'b1;
    if (writes && addr_i == REG_WINDOW_ADDRESS) addr_d = wdata_i[NA-1:0] | {NA{(wdata_i >> NA) != '0}};
    if (writes && addr_i == REG_WINDOW_SELECT) select_d = window_select.memory;
    unique case (select_d)
      WINDOW_OPERATIONS:  limit = NA'(OPS);
      WINDOW_DESCRIPTORS: limit = NA'(DESCRIPTORS);
      WINDOW_DECAY:       limit = NA'(DECAY);
      WINDOW_TABLE_BASE, WINDOW_TABLE_DELTA: limit = NA'(TABLE);
      WINDOW_WEIGHTS:     limit = NA'(DEPTH * LANES);
      default:            limit = select_d < 6'(MEMORY_COUNT) ? NA'(UNITS) : '0;
    endcase
  end

  assign asked         = writes && addr_i == REG_CONTROL && control.tick && !control.clear && !occupied && !clear_q;
  assign start_o       = (asked || waiting_q) && !hold_i;
  assign link_we_o     = writes && addr_i == REG_LINK;
  assign always_we_o   = writes && addr_i == REG_ALWAYS;
  // Units follow each other through the neuron unit; one that the host chose may still be on its way there.
  assign input_valid_o = request && is_input && !occupied && !clear_q && (!chosen_q || idle_i);
  assign input_unit_o  = input_unit_q;
  assign input_value_o = wdata_i[SW-1:0];
  assign forget_o      = clear_q;

  // ---- Window
  logic window_write;
  assign window_write    = writes && is_window;
  assign window_o        = clear_q || lent_q || (request && is_window && idle_i);
  assign window_addr_o   = clear_q ? 32'(clear_addr_q) : lent_q ? 32'(stream_addr_i) : 32'(addr_q);
  assign window_select_o = lent_q ? {1'b0, stream_memory_i} : select_q;
  assign window_wdata_o  = clear_q ? '0 : lent_q ? 64'(stream_wdata_i) : {high_q, wdata_i};
  assign window_weight_addr_o = A'(addr_q >> LB);
  assign window_bank_o        = 8'(addr_q) & 8'(LANES - 1);
  always_comb begin
    window_we_signals_o = '0;
    for (int m = 0; m < MEMORY_COUNT; m++) window_we_signals_o[m] = clear_q || (window_write && select_q == 6'(m));
    if (stream_we) window_we_signals_o[MEMORY_TARGET] = 1'b1;
  end
  assign window_we_operation_o  = window_write && select_q == WINDOW_OPERATIONS;
  assign window_we_descriptor_o = window_write && select_q == WINDOW_DESCRIPTORS;
  assign window_we_decay_o      = window_write && select_q == WINDOW_DECAY;
  assign window_we_base_o       = window_write && select_q == WINDOW_TABLE_BASE;
  assign window_we_delta_o      = window_write && select_q == WINDOW_TABLE_DELTA;
  assign window_we_weight_o     = window_write && select_q == WINDOW_WEIGHTS;
  // Targets and learning rates change in normal operation and concern nudges (steps are never skipped).
  assign all_stale_o   = clear_q || link_we_o || (window_write && select_q != 6'(MEMORY_TARGET)) ||
                         (writes && (addr_i == REG_DECAY_LENGTH || addr_i == REG_TICK || addr_i == REG_SEED));
  assign nudge_stale_o = (window_write && select_q == 6'(MEMORY_TARGET)) || stream_we ||
                         (writes && addr_i == REG_BETA && beta.beta != beta_q);

  // ---- Reading
  logic [63:0] window_word;
  logic [31:0] written;
  always_comb begin
    window_word = 64'($signed(window_signal_i));
    if (select_q == WINDOW_WEIGHTS) window_word = 64'($signed(window_weight_i));
    if (READBACK != 0) begin
      unique case (select_q)
        WINDOW_OPERATIONS:  window_word = 64'(window_operation_i);
        WINDOW_DESCRIPTORS: window_word = 64'(window_descriptor_i);
        WINDOW_DECAY:       window_word = 64'(window_decay_i);
        WINDOW_TABLE_BASE:  window_word = window_base_i;
        WINDOW_TABLE_DELTA: window_word = window_delta_i;
        default: ;
      endcase
    end
    written = '0;
    if (READBACK != 0) begin
      unique case (addr_i)
        REG_SEED:           written = seed_q;
        REG_BETA:           written = {16'b0, beta_q};
        REG_TICK_OPERATION: written = {16'b0, tick_operation_q};
        REG_DECAY_LENGTH:   written = {16'b0, decay_length_q};
        REG_WINDOW_SELECT:  written = {26'b0, select_q};
        REG_WINDOW_ADDRESS: written = 32'(addr_q);
        REG_INPUT_UNIT:     written = {12'b0, input_unit_q};
        default:            written = '0;
      endcase
    end
    unique case (addr_i)
      REG_ID:             rdata_o = RESET_ID;
      REG_PARAMETERS:     rdata_o = {8'(LANES), 8'(SW), 8'(WW), 8'(UA)};
      REG_STATUS:         rdata_o = {30'b0, clear_q, occupied || !idle_i};
      REG_ERRORS:         rdata_o = errors_q;
      REG_TICK:           rdata_o = tick_q;
      REG_WINDOW_HIGH:    rdata_o = high_q;
      REG_WINDOW_DATA:    rdata_o = READBACK != 0 && refused ? '0 : window_word[31:0];
      REG_CYCLES:         rdata_o = cycles;
      REG_STALLS:         rdata_o = stalls;
      REG_EVENTS:         rdata_o = events;
      REG_MACS:           rdata_o = macs;
      REG_LANE_CYCLES:    rdata_o = lane_cycles;
      REG_INTERRUPT:      rdata_o = {22'b0, enable_q, 7'b0, ended_q};
      default:            rdata_o = written;
    endcase
  end

  always_comb begin
    errors_d = errors_q;
    if (writes && addr_i == REG_ERRORS) errors_d = errors_q & ~wdata_i;
    if (bad_operation_i) errors_d.bad_operation = 1'b1;
    if (bad_unit_i) errors_d.bad_unit = 1'b1;
    if (ack_o && refused) errors_d.access = 1'b1;
    if (bad_address_i) errors_d.bad_address = 1'b1;
    errors_d.bad_frame = STREAMS != 0 && (errors_d.bad_frame || bad_frame_i);
    errors_d.reserved_31_5 = '0;
  end
  assign ended_d     = done_i || bad_operation_i || (ended_q && !(writes && addr_i == REG_INTERRUPT && interrupt.done));
  assign interrupt_o = (enable_q[0] && ended_q) || (enable_q[1] && errors_q != '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {tick_q, seed_q, addr_q, high_q} <= '0;
      {beta_q, tick_operation_q, decay_length_q} <= '0;
      input_unit_q <= '0;
      select_q     <= '0;
      errors_q     <= '0;
      ended_q      <= 1'b0;
      enable_q     <= '0;
      in_range_q   <= 1'b1;
      wait_q       <= '0;
      running_q    <= 1'b0;
      chosen_q     <= 1'b1;
      clear_q      <= 1'b0;
      clear_addr_q <= '0;
    end else begin
      errors_q <= errors_d;
      ended_q  <= ended_d;
      wait_q   <= lent_q ? (stream_ack_o || !stream_request_i ? '0 : wait_q + 1'b1) :
                  (request && !ack_o && is_window && idle_i) ? wait_q + 1'b1 : '0;
      if (writes) begin
        unique case (addr_i)
          REG_TICK:           tick_q <= wdata_i;
          REG_SEED:           seed_q <= wdata_i;
          REG_BETA:           beta_q <= beta.beta;
          REG_TICK_OPERATION: tick_operation_q <= tick_operation.operation;
          REG_DECAY_LENGTH:   decay_length_q <= decay_length.length;
          REG_WINDOW_HIGH:    high_q <= WIDE != 0 ? wdata_i : '0;
          REG_INPUT_UNIT:     input_unit_q <= input_unit.unit;
          REG_INPUT:          input_unit_q <= input_unit_q + 1'b1;
          REG_INTERRUPT:      enable_q <= {interrupt.enable_error, interrupt.enable_done};
          default: ;
        endcase
      end
      addr_q     <= addr_d;
      select_q   <= select_d;
      in_range_q <= addr_d < limit;
      if (acts && is_window && !write_i) high_q <= WIDE != 0 ? window_word[63:32] : '0;
      if (writes && addr_i == REG_INPUT_UNIT) chosen_q <= 1'b1;
      else if (writes && is_input) chosen_q <= 1'b0;
      if (start_o) running_q <= 1'b1;
      if (done_i || bad_operation_i) running_q <= 1'b0;
      if (done_i) tick_q <= tick_q + 1'b1;
      if (writes && is_clear && !occupied) begin
        clear_q      <= 1'b1;
        clear_addr_q <= '0;
      end else if (clear_q) begin
        clear_addr_q <= clear_addr_q + 1'b1;
        if (clear_addr_q == (UA+1)'(UNITS - 1)) clear_q <= 1'b0;
      end
    end
  end

  apical_counters #(.COUNTERS(COUNTERS)) u_counters (
    .clk_i, .rst_ni, .clear_i(writes && addr_i == REG_CONTROL && control.clear_counters), .running_i(running_q), .event_i,
    .macs_i, .lanes_active_i, .cycles_o(cycles), .stalls_o(stalls), .events_o(events), .macs_o(macs),
    .lane_cycles_o(lane_cycles)
  );

  assign tick_o = tick_q;
  assign seed_o = seed_q;
  assign beta_o = beta_q;
  assign tick_operation_o = tick_operation_q;
  assign decay_length_o   = decay_length_q;
endmodule
