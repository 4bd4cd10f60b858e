// SPDX-License-Identifier: Apache-2.0
// What has to be done again: which signals' inputs changed, which lists wait, which sums are out of date.
// A flag that is set without need costs clocks; one that is missing would cost the equality with the program.
module apical_flags #(
  parameter int POPS  = 4,
  parameter int PROJS = 4
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // Host.
  input  logic        all_i,             // state was written from outside: everything again
  input  logic        nudge_i,           // target or beta was written
  input  logic        always_we_i,       // slots that are never skipped (random bits depend on the tick)
  input  logic        link_we_i,         // wiring of one projection
  // verilator lint_off UNUSEDSIGNAL
  input  logic [31:0] wdata_i,           // what is written to these registers
  // verilator lint_on UNUSEDSIGNAL
  // Tick and pass.
  input  logic        decays_i,
  input  logic        pass_done_i,
  input  logic [7:0]  pass_population_i,
  input  logic [11:0] pass_slot_i,       // one bit
  input  logic        pass_changed_i,
  input  logic        pass_nonzero_i,
  // Lanes.
  input  logic        forward_done_i,
  input  logic        backward_done_i,
  input  logic        learned_i,         // a weight of the projection moved
  // Events.
  input  logic        event_i,
  input  logic        event_error_i,
  input  logic [7:0]  event_population_i,
  input  logic        event_renewed_i,
  input  logic        event_overflow_i,
  // Questions about one population or projection.
  input  logic [7:0]  population_i,
  output logic [11:0] stale_o,
  input  logic [7:0]  projection_i,
  output logic        forward_waits_o,
  output logic        forward_dirty_o,
  output logic        backward_waits_o,
  output logic        backward_dirty_o,
  output logic [1:0]  first_o,
  output logic [7:0]  source_o,
  output logic [7:0]  target_o,
  output logic        any_error_o        // of the projection's target
);
  `include "apical_isa.svh"
  // verilator lint_off UNUSEDSIGNAL
  reg_always_t always_word;
  reg_link_t   link_word;
  // verilator lint_on UNUSEDSIGNAL
  assign always_word = wdata_i;
  assign link_word   = wdata_i;

  logic [POPS*SLOT_COUNT-1:0] stale_q, always_q;
  logic [POPS-1:0]       any_error_q;
  logic [PROJS*8-1:0]    source_q, target_q;
  logic [2*PROJS-1:0]    first_q;
  logic [PROJS-1:0]      wait_f_q, wait_b_q, dirty_f_q, dirty_b_q;

  // What a host wrote counts a clock later: whether it may write is long, and no tick begins before.
  logic all_q, nudge_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {all_q, nudge_q} <= '0;
    else {all_q, nudge_q} <= {all_i, nudge_i};
  end

  // Slots that read what a slot writes.
  logic [11:0] readers;
  localparam logic [11:0] ON_DRIVE = 12'(1 << SLOT_U) | 12'(1 << SLOT_RATE) | 12'(1 << SLOT_ERROR) |
                                     12'(1 << SLOT_MEMBRANE);
  localparam logic [11:0] ON_INPUT = 12'(1 << SLOT_SLOPE) | 12'(1 << SLOT_SCRATCH) | 12'(1 << SLOT_RATE);
  always_comb begin
    readers = '0;
    if (pass_slot_i[SLOT_BASAL]) readers = ON_DRIVE;
    if (pass_slot_i[SLOT_START_ERROR]) readers = 12'(1 << SLOT_ERROR);
    if (pass_slot_i[SLOT_U]) readers = ON_INPUT | 12'(1 << SLOT_NUDGE);
    if (pass_slot_i[SLOT_SLOPE]) readers = 12'(1 << SLOT_RATE) | 12'(1 << SLOT_NUDGE);
    if (pass_slot_i[SLOT_SCRATCH]) readers = 12'(1 << SLOT_RATE);
    if (pass_slot_i[SLOT_APICAL]) readers = 12'(1 << SLOT_NUDGE);
    if (pass_slot_i[SLOT_NUDGE]) readers = ON_DRIVE;
    if (pass_slot_i[SLOT_START_MISMATCH]) readers = ON_DRIVE | 12'(1 << SLOT_MISMATCH);
    if (pass_slot_i[SLOT_MEMBRANE]) readers = ON_DRIVE | ON_INPUT;
    if (pass_slot_i[SLOT_MISMATCH]) readers = ON_DRIVE;
  end

  always_comb begin
    stale_o = '0;
    for (int p = 0; p < POPS; p++)
      if (population_i == 8'(p)) stale_o = stale_q[p*SLOT_COUNT+:SLOT_COUNT] | always_q[p*SLOT_COUNT+:SLOT_COUNT];
  end

  logic [7:0] source, target;
  always_comb begin
    {forward_waits_o, forward_dirty_o, backward_waits_o, backward_dirty_o} = '0;
    first_o = '0;
    source  = '0;
    target  = '0;
    for (int k = 0; k < PROJS; k++) begin
      if (projection_i == 8'(k)) begin
        source           = source_q[k*8+:8];
        target           = target_q[k*8+:8];
        first_o          = first_q[k*2+:2];
        forward_waits_o  = wait_f_q[k];
        forward_dirty_o  = dirty_f_q[k];
        backward_waits_o = wait_b_q[k];
        backward_dirty_o = dirty_b_q[k];
      end
    end
  end
  logic [POPS-1:0] has_errors;
  for (genvar p = 0; p < POPS; p++) begin : gen_erring
    assign has_errors[p] = any_error_q[p] && target == 8'(p);
  end
  assign any_error_o = |has_errors;
  assign source_o = source;
  assign target_o = target;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      stale_q     <= '1;
      always_q    <= '0;
      any_error_q <= '1;
    end else begin
      for (int p = 0; p < POPS; p++) begin
        if (pass_done_i && pass_population_i == 8'(p)) begin
          stale_q[p*SLOT_COUNT+:SLOT_COUNT] <= (stale_q[p*SLOT_COUNT+:SLOT_COUNT] & ~pass_slot_i) | (pass_changed_i ? readers : '0);
          if (pass_slot_i[SLOT_ERROR] || pass_slot_i[SLOT_START_ERROR]) any_error_q[p] <= pass_nonzero_i;
        end
        if (forward_done_i && target == 8'(p)) stale_q[p*SLOT_COUNT+SLOT_BASAL] <= 1'b1;
        if (backward_done_i && source == 8'(p)) stale_q[p*SLOT_COUNT+SLOT_APICAL] <= 1'b1;
        if (decays_i) stale_q[p*SLOT_COUNT+SLOT_MISMATCH] <= 1'b1;
        if (nudge_q) stale_q[p*SLOT_COUNT+SLOT_NUDGE] <= 1'b1;
        if (always_we_i && always_word.population == 8'(p)) always_q[p*SLOT_COUNT+:SLOT_COUNT] <= always_word.slots[SLOT_COUNT-1:0];
      end
      if (all_q) begin
        stale_q     <= '1;
        any_error_q <= '1;
      end
    end
  end

  // A projection whose source starts a new list before the old one was consumed starts from what was sent; so
  // does everything that shares accumulators with it.
  // Events count a clock later: finding room for them is long, and nobody asks before.
  logic       event_q, event_error_q, event_renewed_q, event_overflow_q;
  logic [7:0] event_population_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) event_q <= 1'b0;
    else event_q <= event_i;
  end
  always_ff @(posedge clk_i) begin
    {event_error_q, event_renewed_q, event_overflow_q} <= {event_error_i, event_renewed_i, event_overflow_i};
    event_population_q <= event_population_i;
  end
  logic [PROJS-1:0] lost_f, lost_b;
  always_comb begin
    for (int k = 0; k < PROJS; k++) begin
      lost_f[k] = event_q && !event_error_q && source_q[k*8+:8] == event_population_q &&
                  (event_overflow_q || (event_renewed_q && wait_f_q[k]));
      lost_b[k] = event_q && event_error_q && target_q[k*8+:8] == event_population_q &&
                  (event_overflow_q || (event_renewed_q && wait_b_q[k]));
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      source_q  <= '0;
      target_q  <= '0;
      first_q   <= '0;
      wait_f_q  <= '0;
      wait_b_q  <= '0;
      dirty_f_q <= '1;
      dirty_b_q <= '1;
    end else begin
      for (int k = 0; k < PROJS; k++) begin
        if (forward_done_i && projection_i == 8'(k)) {wait_f_q[k], dirty_f_q[k]} <= 2'b00;
        if (backward_done_i && projection_i == 8'(k)) {wait_b_q[k], dirty_b_q[k]} <= 2'b00;
        if (event_q && !event_error_q && source_q[k*8+:8] == event_population_q) wait_f_q[k] <= 1'b1;
        if (event_q && event_error_q && target_q[k*8+:8] == event_population_q) wait_b_q[k] <= 1'b1;
        for (int m = 0; m < PROJS; m++) begin
          if (lost_f[m] && target_q[m*8+:8] == target_q[k*8+:8]) dirty_f_q[k] <= 1'b1;
          if (lost_b[m] && source_q[m*8+:8] == source_q[k*8+:8]) dirty_b_q[k] <= 1'b1;
        end
        if (learned_i && target_q[k*8+:8] == target) dirty_f_q[k] <= 1'b1;
        if (learned_i && source_q[k*8+:8] == source) dirty_b_q[k] <= 1'b1;
        if (link_we_i && link_word.projection == 8'(k)) begin
          source_q[k*8+:8] <= link_word.source;
          target_q[k*8+:8] <= link_word.target;
          first_q[k*2+:2]  <= {link_word.first_backward, link_word.first_forward};
        end
      end
      if (all_q) begin
        dirty_f_q <= '1;
        dirty_b_q <= '1;
      end
    end
  end
endmodule
