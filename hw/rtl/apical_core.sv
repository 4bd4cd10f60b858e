// SPDX-License-Identifier: Apache-2.0
// The core behind its register port: host registers, sequencer, neuron unit, events, scan, queue, lanes.
module apical_core #(
  parameter int LANES    = 4,      // multipliers of the lanes: 1, 2, 4 .. 64
  parameter int SW       = 16,     // two's-complement width of a signal (an unsigned format needs a bit more)
  parameter int WW       = 16,     // of a weight
  parameter int AW       = 40,     // of an accumulator
  parameter int DW       = 24,     // of the aligned drive
  parameter int EW       = 48,     // of an exact value before the quantiser
  parameter int LW       = 34,     // of the exact change of a weight
  parameter int UNITS    = 256,    // of all populations, each padded to LANES
  parameter int DEPTH    = 1024,   // weights per bank, a multiple of LANES
  parameter int POPS     = 4,
  parameter int PROJS    = 4,
  parameter int OPS      = 64,
  parameter int TABLE    = 1024,   // entries of all activation tables
  parameter int BASE     = 23,
  parameter int DELTA    = 23,
  parameter int DECAY    = 256,
  parameter int QUEUE    = 4,      // walks that wait for the lanes; 0: the scan waits itself
  parameter int ADVANCED = 1,   // the advanced response
  parameter int MISMATCH = 1,   // the mismatch of the integrated scheme
  parameter int RELAYS   = 1,   // passes that copy a signal of another population
  parameter int WEIGHT_DECAY = 1,  // weights that decay where they learn
  parameter int RANDOM   = 2,      // stochastic rounding: 0 of weights, 1 of weights with fewer than 16 random bits
                                   // as well, 2 of signals, too
  parameter int LEVELS   = 7,      // quantisers shift by up to 2^LEVELS - 1
  parameter int LEFT     = 1,      // quantisers multiply, too
  parameter int ALIGN    = 6,      // bits of the alignments of a drive
  parameter int ALPHA_FRAC = 15,    // fraction bits of alpha; with ADVANCED descriptors say them
  parameter int FIXED    = 0,      // 1: all formats are signed and SAT, of SW and WW bits; binary points stay free
  parameter int COUNTERS = 1,     // counters of clocks, events ..
  parameter int READBACK = 1,     // registers that were written can be read
  parameter int CHECKS   = 1,     // addresses that descriptors lead to are checked
  parameter int STREAMS  = 0,     // streams of targets and observations
  parameter int UA       = $clog2(UNITS)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  // Registers: the request stays until the clock of its acknowledge.
  input  logic                request_i,
  input  logic                write_i,
  input  logic [7:0]          addr_i,
  input  logic [31:0]         wdata_i,
  output logic                ack_o,
  output logic [31:0]         rdata_o,
  output logic                idle_o,
  output logic                done_o,  // a tick ends
  output logic                interrupt_o,
  // AXI4-Streams of targets and observations.
  input  logic                target_tvalid_i,
  output logic                target_tready_o,
  input  logic [31:0]         target_tdata_i,
  input  logic                target_tlast_i,
  output logic                observation_tvalid_o,
  input  logic                observation_tready_i,
  output logic [31:0]         observation_tdata_o,
  output logic                observation_tlast_o,
  // Retire ports: every change of architectural state, when it is written.
  output logic [31:0]         retire_tick_o,
  output logic [15:0]         retire_operation_o,
  output logic                retire_valid_o,
  output logic [3:0]          retire_signal_o,
  output logic [UA-1:0]       retire_addr_o,
  output logic [SW-1:0]       retire_old_o,
  output logic [SW-1:0]       retire_new_o,
  output logic [15:0]         retire_random_o,
  output logic                retire_sent_o,
  output logic [LANES-1:0]    retire_weight_valid_o,
  output logic [7:0]          retire_weight_projection_o,
  output logic [UA:0]         retire_weight_row_o,
  output logic [UA:0]         retire_weight_column_o,
  output logic [LANES*WW-1:0] retire_weight_old_o,
  output logic [LANES*WW-1:0] retire_weight_new_o,
  output logic [LANES*16-1:0] retire_weight_random_o
);
  `include "apical_isa.svh"
  localparam int A  = $clog2(DEPTH);
  localparam int TA = $clog2(TABLE);
  localparam int LB = $clog2(LANES);

  // ---- Host
  logic        idle, start, input_valid, input_ready, input_take, window, link_we, always_we;
  logic        all_stale, nudge_stale, forget, bad_operation, bad_unit, done;
  logic        bad_table, bad_entry, bad_weight, bad_unit_read;
  logic [31:0] tick, seed;
  logic [15:0] beta, tick_operation, decay_length;
  logic [19:0] input_unit;
  logic [SW-1:0] input_value;
  logic [16:0] we_signals, window_decay;
  logic        we_operation, we_descriptor, we_decay, we_base, we_delta, we_weight;
  // verilator lint_off UNUSEDSIGNAL
  logic [31:0] window_addr;    // as wide as a memory may be
  logic [5:0]  window_select;  // the neuron's memories are below 32
  // verilator lint_on UNUSEDSIGNAL
  logic [63:0] window_wdata;
  logic [A-1:0] window_weight_addr;
  logic [7:0]  window_bank;
  logic [31:0] window_signal, window_operation, window_descriptor;
  logic [BASE-1:0]  window_base;
  logic [DELTA-1:0] window_delta;
  logic [WW-1:0] window_weight;
  logic        event_valid, lanes_active;
  logic [6:0]  macs;
  logic        targets_we, observed_we, observed_memory_we, stream_request, stream_write, stream_ack, hold, waiting;
  logic        bad_frame, bad_stream_unit;
  logic [4:0]  stream_memory;
  logic [UA-1:0] stream_addr;
  logic [SW-1:0] stream_wdata;

  apical_host #(.LANES(LANES), .SW(SW), .WW(WW), .UNITS(UNITS), .DEPTH(DEPTH), .OPS(OPS),
    .DESCRIPTORS(POPS * POPULATION_STRIDE + PROJS * PROJECTION_STRIDE), .DECAY(DECAY), .TABLE(TABLE), .COUNTERS(COUNTERS), .READBACK(READBACK),
    .WIDE(32'(BASE > 32 || DELTA > 32)), .STREAMS(STREAMS)
  ) u_host (
    .clk_i, .rst_ni, .request_i, .write_i, .addr_i, .wdata_i, .ack_o, .rdata_o, .interrupt_o,
    .idle_i(idle), .start_o(start), .done_i(done), .tick_o(tick), .seed_o(seed), .beta_o(beta),
    .tick_operation_o(tick_operation), .decay_length_o(decay_length), .link_we_o(link_we),
    .always_we_o(always_we), .all_stale_o(all_stale), .nudge_stale_o(nudge_stale), .forget_o(forget),
    .input_valid_o(input_valid), .input_ready_i(input_ready), .input_unit_o(input_unit),
    .input_value_o(input_value), .window_o(window), .window_we_signals_o(we_signals),
    .window_we_operation_o(we_operation), .window_we_descriptor_o(we_descriptor),
    .window_we_decay_o(we_decay), .window_we_base_o(we_base), .window_we_delta_o(we_delta),
    .window_we_weight_o(we_weight), .window_addr_o(window_addr), .window_select_o(window_select),
    .window_wdata_o(window_wdata), .window_weight_addr_o(window_weight_addr), .window_bank_o(window_bank),
    .window_signal_i(window_signal), .window_operation_i(window_operation),
    .window_descriptor_i(window_descriptor), .window_decay_i(window_decay),
    .window_base_i(64'($signed(window_base))), .window_delta_i(64'($signed(window_delta))),
    .window_weight_i(window_weight), .targets_we_o(targets_we), .observed_we_o(observed_we),
    .observed_memory_we_o(observed_memory_we), .stream_request_i(stream_request), .stream_write_i(stream_write),
    .stream_memory_i(stream_memory), .stream_addr_i(stream_addr), .stream_wdata_i(stream_wdata),
    .stream_ack_o(stream_ack), .hold_i(hold), .waiting_o(waiting), .bad_frame_i(bad_frame),
    .bad_operation_i(bad_operation), .bad_unit_i(bad_unit || bad_stream_unit),
    .bad_address_i(CHECKS != 0 && (bad_entry || bad_weight || bad_unit_read)),
    .event_i(event_valid), .macs_i(macs), .lanes_active_i(lanes_active)
  );

  if (STREAMS != 0) begin : gen_streams
    apical_streams #(.LANES(LANES), .SW(SW), .UNITS(UNITS)) u_streams (
      .clk_i, .rst_ni, .targets_we_i(targets_we), .observed_we_i(observed_we),
      .observed_memory_we_i(observed_memory_we), .wdata_i, .ended_i(done), .waiting_i(waiting), .target_tvalid_i,
      .target_tready_o, .target_tdata_i, .target_tlast_i, .observation_tvalid_o, .observation_tready_i,
      .observation_tdata_o, .observation_tlast_o, .request_o(stream_request), .write_o(stream_write),
      .memory_o(stream_memory), .addr_o(stream_addr), .wdata_o(stream_wdata), .ack_i(stream_ack),
      .rdata_i(window_signal), .hold_o(hold), .bad_frame_o(bad_frame), .bad_unit_o(bad_stream_unit)
    );
  end else begin : gen_no_streams
    // verilator lint_off UNUSEDSIGNAL
    logic unused;
    // verilator lint_on UNUSEDSIGNAL
    assign unused = ^{targets_we, observed_we, observed_memory_we, stream_ack, waiting, target_tvalid_i,
                      target_tdata_i, target_tlast_i, observation_tready_i};
    assign {target_tready_o, observation_tvalid_o, observation_tdata_o, observation_tlast_o} = '0;
    assign {stream_request, stream_write, stream_memory, stream_addr, stream_wdata, hold, bad_frame, bad_stream_unit} = '0;
  end

  // ---- Sequencer and flags
  logic         pass, neuron_busy, changed, nonzero, decays, pass_done, scan, dense, lanes_busy;
  logic [127:0] descriptor;
  logic [31:0]  tick_key;
  // verilator lint_off UNUSEDSIGNAL
  place_t       place;
  logic [31:0]  theta_rate, theta_error;  // descriptor words, wider than this core may need
  // verilator lint_on UNUSEDSIGNAL
  logic [16:0]  factor;
  logic [11:0]  pass_slot, stale;
  logic [7:0]   population, active, projection, source, target;
  // verilator lint_off UNUSEDSIGNAL
  matrix_t      matrix;  // words with bits to spare
  // verilator lint_on UNUSEDSIGNAL
  logic [3:0]   code;
  logic         forward_waits, forward_dirty, backward_waits, backward_dirty, any_error;
  logic         forward_done, backward_done, learn_done, moved_q;
  logic [1:0]   first;
  logic         mixing;
  logic [31:0]  mix, walk_key;

  apical_sequencer #(.POPS(POPS), .PROJS(PROJS), .OPS(OPS), .DECAY(DECAY), .MISMATCH(MISMATCH), .LANES(LANES),
    .UNITS(UNITS), .TABLE(TABLE), .CHECKS(CHECKS)) u_sequencer (
    .clk_i, .rst_ni, .start_i(start), .idle_o(idle), .done_o(done), .tick_i(tick), .seed_i(seed),
    .tick_operation_i(tick_operation), .decay_length_i(decay_length), .bad_operation_o(bad_operation),
    .bad_unit_o(bad_unit), .window_we_operation_i(we_operation), .window_we_descriptor_i(we_descriptor),
    .window_we_decay_i(we_decay), .window_addr_i(window_addr[15:0]), .window_i(window),
    .window_wdata_i(window_wdata[31:0]), .window_operation_o(window_operation),
    .window_descriptor_o(window_descriptor), .window_decay_o(window_decay), .input_valid_i(input_valid),
    .input_ready_o(input_ready), .input_unit_i(input_unit), .input_o(input_take), .pass_o(pass),
    .neuron_busy_i(neuron_busy), .descriptor_o(descriptor), .place_o(place), .bad_table_o(bad_table),
    .theta_rate_o(theta_rate), .theta_error_o(theta_error), .factor_o(factor), .tick_key_o(tick_key),
    .decays_o(decays), .pass_done_o(pass_done), .pass_slot_o(pass_slot), .population_o(population), .active_o(active),
    .stale_i(stale), .projection_o(projection), .matrix_o(matrix), .code_o(code), .scan_o(scan),
    .dense_o(dense), .lanes_busy_i(lanes_busy), .forward_waits_i(forward_waits),
    .forward_dirty_i(forward_dirty), .backward_waits_i(backward_waits), .backward_dirty_i(backward_dirty),
    .any_error_i(any_error), .forward_done_o(forward_done), .backward_done_o(backward_done),
    .learn_done_o(learn_done), .operation_o(retire_operation_o), .mixing_o(mixing),
    .mix_o(mix), .mix_i(walk_key)
  );
  logic event_error, renewed, overflow;
  apical_flags #(.POPS(POPS), .PROJS(PROJS)) u_flags (
    .clk_i, .rst_ni, .all_i(all_stale), .nudge_i(nudge_stale), .always_we_i(always_we),
    .wdata_i, .link_we_i(link_we),
    .decays_i(decays), .pass_done_i(pass_done),
    .pass_population_i(active), .pass_slot_i(pass_slot), .pass_changed_i(changed),
    .pass_nonzero_i(nonzero), .forward_done_i(forward_done), .backward_done_i(backward_done),
    .learned_i(learn_done && moved_q), .event_i(event_valid), .event_error_i(event_error),
    .event_population_i(active), .event_renewed_i(renewed), .event_overflow_i(overflow),
    .population_i(population), .stale_o(stale), .projection_i(projection),
    .forward_waits_o(forward_waits), .forward_dirty_o(forward_dirty), .backward_waits_o(backward_waits),
    .backward_dirty_o(backward_dirty), .first_o(first), .source_o(source), .target_o(target),
    .any_error_o(any_error)
  );

  // ---- Neuron unit and events
  logic          scan_re, sum_apical, event_re;
  logic [UA-1:0] scan_addr, sum_addr, event_unit, event_addr, list_unit, population_first;
  logic [UA:0]   population_units, list_count;
  logic [SW-1:0] event_sent, sent_rate, sent_error, step;
  logic [SW:0]   event_delta, list_delta;
  logic [AW-1:0] sum;
  assign population_first = UA'(32'(place.first_group) << LB);
  assign population_units = (UA+1)'(place.units);

  apical_neuron #(
    .SW(SW), .UNITS(UNITS), .DW(DW), .EW(EW), .AW(AW), .BASE(BASE), .DELTA(DELTA), .TABLE(TABLE),
    .ADVANCED(ADVANCED), .MISMATCH(MISMATCH), .RELAYS(RELAYS), .RANDOM(RANDOM), .LEVELS(LEVELS), .LEFT(LEFT),
    .ALIGN(ALIGN), .ALPHA_FRAC(ALPHA_FRAC), .FIXED(FIXED)
  ) u_neuron (
    .clk_i, .rst_ni, .start_i(pass), .busy_o(neuron_busy), .changed_o(changed), .nonzero_o(nonzero),
    .bad_address_o(bad_entry), .bad_table_i(bad_table),
    .descriptor_i(descriptor), .units_i(population_units), .first_i(population_first),
    .theta_rate_i(theta_rate[SW-1:0]), .theta_error_i(theta_error[SW-1:0]), .beta_i(beta),
    .eta_i(matrix.eta.value), .factor_i(factor), .tick_key_i(tick_key), .input_valid_i(input_take),
    .input_unit_i(input_unit[UA-1:0]), .input_value_i(input_value), .sum_addr_o(sum_addr),
    .sum_apical_o(sum_apical), .sum_i(sum), .event_valid_o(event_valid), .event_error_o(event_error),
    .event_unit_o(event_unit), .event_addr_o(event_addr), .event_sent_o(event_sent),
    .event_delta_o(event_delta), .retire_valid_o, .retire_signal_o, .retire_addr_o, .retire_old_o,
    .retire_new_o, .retire_random_o, .scan_i(lanes_busy), .scan_re_i(scan_re), .scan_addr_i(scan_addr),
    .sent_rate_o(sent_rate), .sent_error_o(sent_error), .step_o(step), .window_i(window),
    .window_we_i(we_signals), .window_we_base_i(we_base), .window_we_delta_i(we_delta),
    .window_addr_i(window_addr[UA-1:0]), .window_table_i(window_addr[TA-1:0]),
    .window_wdata_i(window_wdata), .window_select_i(window_select[4:0]), .window_signal_o(window_signal),
    .window_base_o(window_base), .window_delta_o(window_delta)
  );
  assign retire_sent_o = event_valid;
  assign retire_tick_o = tick;

  apical_events #(.SW(SW), .UNITS(UNITS), .POPS(POPS)) u_events (
    .clk_i, .rst_ni, .forget_i(forget), .valid_i(event_valid), .error_i(event_error),
    .population_i(active), .units_i(population_units), .first_i(population_first),
    .unit_i(event_unit), .delta_i(event_delta), .renewed_o(renewed), .overflow_o(overflow),
    .consume_i(forward_done || backward_done), .consume_error_i(backward_done),
    .consume_population_i(backward_done ? target : source), .read_error_i(code == OP_BACKWARD),
    .read_population_i(code == OP_BACKWARD ? target : source), .count_o(list_count), .re_i(event_re),
    .addr_i(scan_addr), .unit_o(list_unit), .delta_o(list_delta)
  );
  assign event_re = scan_re;

  // ---- The matrix under way
  logic [UA:0]   sources, targets, extent;
  logic [UA-1:0] source_first, target_first;
  logic [A-1:0]  row_stride;
  // Words by themselves, since Icarus Verilog 11 casts no members of members.
  place_t        matrix_source, matrix_target;
  // verilator lint_off UNUSEDSIGNAL
  matrix_first_t  matrix_first;
  matrix_walk_t   matrix_walk;
  matrix_weight_t matrix_weight;
  matrix_one_t    matrix_one;
  // verilator lint_on UNUSEDSIGNAL
  logic [SW-1:0] one;
  logic          bias, forward, learn;
  assign matrix_source = matrix.source;
  assign matrix_target = matrix.target;
  assign matrix_first  = matrix.first;
  assign matrix_walk   = matrix.walk;
  assign matrix_weight = matrix.weight;
  assign matrix_one    = matrix.one;
  assign one          = SW'(matrix_one.value);
  assign forward      = code == OP_FORWARD;
  assign learn        = code == OP_LEARN;
  assign sources      = (UA+1)'(matrix_source.units);
  assign source_first = UA'(32'(matrix_source.first_group) << LB);
  assign targets      = (UA+1)'(matrix_target.units);
  assign target_first = UA'(32'(matrix_target.first_group) << LB);
  assign row_stride   = A'(matrix_walk.columns);
  assign bias         = matrix_walk.bias;
  assign extent       = forward ? targets : sources + (UA+1)'(learn && bias);

  logic          scan_busy, walk_valid, walk_ready, walk_fresh, queue_valid, queue_ready, queue_fresh;
  logic [A-1:0]  walk_block, queue_block;
  logic [UA:0]   walk_unit, queue_unit;
  logic [SW:0]   walk_factor, queue_factor;
  logic [31:0]   queue_key;
  apical_scan #(.LANES(LANES), .SW(SW), .UNITS(UNITS), .A(A)) u_scan (
    .clk_i, .rst_ni, .start_i(scan), .events_i(!dense), .learn_i(learn), .error_i(code == OP_BACKWARD),
    .fresh_i(dense && ((forward && first[0]) || (code == OP_BACKWARD && first[1]))),
    .bias_i(forward && dense && bias), .column_i(forward),
    .count_i(!dense ? list_count : forward ? sources : targets),
    .first_i(forward ? source_first : target_first), .one_i(one), .weights_i(A'(matrix_first.word)),
    .row_i(row_stride), .key_i(tick_key + {matrix_weight.stream, 20'b0}), .re_o(scan_re), .addr_o(scan_addr),
    .event_unit_i(list_unit), .event_delta_i(list_delta), .sent_rate_i(sent_rate),
    .sent_error_i(sent_error), .step_i(step), .valid_o(walk_valid), .ready_i(walk_ready),
    .fresh_o(walk_fresh), .block_o(walk_block), .unit_o(walk_unit), .factor_o(walk_factor),
    .key_o(walk_key), .busy_o(scan_busy), .bad_address_o(bad_unit_read), .mixing_i(mixing), .mix_i(mix)
  );
  if (QUEUE != 0) begin : gen_queue
    apical_queue #(.W(1 + A + UA + 1 + SW + 1 + 32), .DEPTH(QUEUE)) u_queue (
      .clk_i, .rst_ni, .valid_i(walk_valid), .ready_o(walk_ready),
      .data_i({walk_fresh, walk_block, walk_unit, walk_factor, walk_key}), .valid_o(queue_valid),
      .ready_i(queue_ready), .data_o({queue_fresh, queue_block, queue_unit, queue_factor, queue_key})
    );
  end else begin : gen_direct
    assign {queue_fresh, queue_block, queue_unit, queue_factor, queue_key} =
        {walk_fresh, walk_block, walk_unit, walk_factor, walk_key};
    assign {queue_valid, walk_ready} = {walk_valid, queue_ready};
  end

  logic walking, weight_changed;
  apical_lanes #(
    .LANES(LANES), .SW(SW), .WW(WW), .AW(AW), .LW(LW), .UNITS(UNITS), .DEPTH(DEPTH),
    .LEVELS(LEVELS), .LEFT(LEFT), .FIXED(FIXED), .CHECKS(CHECKS), .WEIGHT_DECAY(WEIGHT_DECAY),
    .RANDOM(RANDOM)
  ) u_lanes (
    .clk_i, .rst_ni, .learn_i(learn), .column_i(forward), .extent_i(extent),
    .stride_i(forward ? row_stride : A'(LANES)), .apical_i(code == OP_BACKWARD),
    .sums_i(forward ? target_first : source_first), .rates_i(source_first), .sources_i(sources),
    .one_i(one), .walk_i(matrix_walk), .format_i(matrix_weight), .valid_i(queue_valid), .ready_o(queue_ready),
    .fresh_i(queue_fresh), .block_i(queue_block), .unit_i(queue_unit), .factor_i(queue_factor),
    .key_i(queue_key), .busy_o(walking), .active_o(lanes_active), .macs_o(macs),
    .changed_o(weight_changed), .bad_address_o(bad_weight), .sum_addr_i(sum_addr), .sum_apical_i(sum_apical), .sum_o(sum),
    .sent_we_i((event_valid && !event_error) || we_signals[MEMORY_SENT_RATE]),
    .sent_addr_i(event_valid ? event_addr : window_addr[UA-1:0]),
    .sent_i(event_valid ? event_sent : window_wdata[SW-1:0]),
    .retire_valid_o(retire_weight_valid_o), .retire_row_o(retire_weight_row_o),
    .retire_column_o(retire_weight_column_o), .retire_old_o(retire_weight_old_o),
    .retire_new_o(retire_weight_new_o), .retire_random_o(retire_weight_random_o), .window_i(window),
    .window_we_i(we_weight), .window_addr_i(window_weight_addr), .window_bank_i(window_bank),
    .window_wdata_i(window_wdata[WW-1:0]), .window_rdata_o(window_weight)
  );
  assign lanes_busy = scan | scan_busy | queue_valid | walking;
  assign retire_weight_projection_o = projection;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) moved_q <= 1'b0;
    else if (scan) moved_q <= 1'b0;
    else if (weight_changed) moved_q <= 1'b1;
  end
  assign idle_o = idle && !waiting;
  assign done_o = done;
endmodule
