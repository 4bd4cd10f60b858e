// SPDX-License-Identifier: Apache-2.0
// The neuron unit: computes one signal of a whole population per pass, one unit per clock, in seven stages and one for sending.
//   1 operands  2 drive  3 product  4 sum  5 round  6 limit  7 write  8 send
module apical_neuron #(
  parameter int SW       = 16,
  parameter int UNITS    = 256,
  parameter int DW       = 32,  // aligned drive
  parameter int EW       = 48,  // exact value before the quantiser
  parameter int AW       = 40,  // accumulators of the lanes
  parameter int BASE     = 23,
  parameter int DELTA    = 23,
  parameter int TABLE    = 1024,
  parameter int ADVANCED = 1,
  parameter int MISMATCH = 1,
  parameter int RELAYS   = 1,   // copies of another population's signals
  parameter int RANDOM   = 2,   // 0, 1: no stochastic rounding of signals
  parameter int LEVELS   = 7,   // of the quantiser's shifts
  parameter int LEFT     = 1,
  parameter int ALIGN    = 6,   // bits of the alignments
  parameter int ALPHA_FRAC = 15,  // fraction bits of alpha, without ADVANCED
  parameter int FIXED    = 0,   // 1: every signal has SW bits, signed, SAT
  parameter int UA       = $clog2(UNITS),
  parameter int TA       = $clog2(TABLE)
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  // One pass: descriptor, population and registers, stable while busy.
  input  logic             start_i,
  output logic             busy_o,
  output logic             changed_o,  // of the last pass: some value is another one
  output logic             nonzero_o,  // of the last pass: some value is not 0
  output logic             bad_address_o,  // a unit's table entry, or the unit that it copies, does not exist
  // verilator lint_off UNUSEDSIGNAL
  input  logic [127:0]     descriptor_i,  // four words, not all bits of which have a meaning
  // verilator lint_on UNUSEDSIGNAL
  input  logic             bad_table_i,  // nor does the first one
  input  logic [UA:0]      units_i,
  input  logic [UA-1:0]    first_i,    // address of unit 0
  input  logic [SW-1:0]    theta_rate_i,
  input  logic [SW-1:0]    theta_error_i,
  input  logic [15:0]      beta_i,
  input  logic [15:0]      eta_i,
  input  logic [16:0]      factor_i,
  input  logic [31:0]      tick_key_i,
  // A value from the host takes the place of a pass (KIND_INPUT).
  input  logic             input_valid_i,
  input  logic [UA-1:0]    input_unit_i,
  input  logic [SW-1:0]    input_value_i,
  // Accumulators.
  output logic [UA-1:0]    sum_addr_o,
  output logic             sum_apical_o,
  input  logic [AW-1:0]    sum_i,      // one clock later
  // Events and the record of what changed.
  output logic             event_valid_o,
  output logic             event_error_o,
  output logic [UA-1:0]    event_unit_o,
  output logic [UA-1:0]    event_addr_o,
  output logic [SW-1:0]    event_sent_o,
  output logic [SW:0]      event_delta_o,
  output logic             retire_valid_o,
  output logic [3:0]       retire_signal_o,
  output logic [UA-1:0]    retire_addr_o,
  output logic [SW-1:0]    retire_old_o,
  output logic [SW-1:0]    retire_new_o,
  output logic [15:0]      retire_random_o,
  // The lanes' scan over what was sent and over steps.
  input  logic             scan_i,
  input  logic             scan_re_i,
  input  logic [UA-1:0]    scan_addr_i,
  output logic [SW-1:0]    sent_rate_o,
  output logic [SW-1:0]    sent_error_o,
  output logic [SW-1:0]    step_o,
  // Host window, while nothing else runs.
  input  logic             window_i,
  input  logic [16:0]      window_we_i,
  input  logic             window_we_base_i,
  input  logic             window_we_delta_i,
  input  logic [UA-1:0]    window_addr_i,
  input  logic [TA-1:0]    window_table_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [63:0]      window_wdata_i,  // as wide as the widest word of any memory
  // verilator lint_on UNUSEDSIGNAL
  input  logic [4:0]       window_select_i,
  output logic [31:0]      window_signal_o,
  output logic [BASE-1:0]  window_base_o,
  output logic [DELTA-1:0] window_delta_o
);
  `include "apical_isa.svh"
  localparam int AM = (SW > 17 ? SW : 17) + 1;  // first factor: a signal or an unsigned 17-bit constant
  localparam int LOW = SW > 15 ? 5 : 4;         // bits of low_bits that count
  localparam int BM0 = DW > DELTA ? DW : DELTA;
  localparam int BM = BM0 > SW ? BM0 : SW;      // second factor
  localparam logic [31:0] MIX_OF_COLUMN_0 = 32'h6b4ed927;

  // ---- The descriptor's fields, of kind and rounding the bits that there are numbers for
  // verilator lint_off UNUSEDSIGNAL
  pass_t       descriptor;  // with bits to spare
  pass_result_t result;
  logic [15:0] table_start;  // a field for tables of any depth
  logic [5:0]  up_addend, up_product;  // of the advanced response; elsewhere the kind says it
  logic [5:0]  align0, align1, align2, align3;  // a core may use fewer bits
  // verilator lint_on UNUSEDSIGNAL
  logic [4:0]  kind;
  logic [3:0]  dest;
  logic [5:0]  bits, in_bits;
  logic        is_signed, in_signed, on_membrane, use_nudge, no_random;
  logic [3:0]  rounding;
  logic [1:0]  overflow;
  logic signed [7:0] shift;
  logic [11:0] stream;
  logic [4:0]  low_bits;
  assign descriptor  = descriptor_i;
  assign result      = descriptor.result;
  assign kind        = 5'(result.kind[KIND_BITS-1:0]);
  assign dest        = result.memory;
  assign bits        = result.bits;
  assign is_signed   = result.signed_format;
  assign rounding    = 4'(result.rounding[MODE_BITS-1:0]);
  assign overflow    = result.overflow;
  assign shift       = result.shift;
  assign {align0, align1} = {descriptor.align.basal, descriptor.align.nudge};
  assign {align2, align3} = {descriptor.align.mismatch, descriptor.align.membrane};
  assign {up_addend, up_product} = {descriptor.align.up_addend, descriptor.terms.up_product};
  assign stream      = descriptor.terms.stream;
  assign low_bits    = descriptor.terms.low_bits;
  assign {use_nudge, no_random} = {descriptor.terms.use_nudge, descriptor.terms.no_random};
  assign table_start = descriptor.lookup.first_entry;
  assign in_bits     = descriptor.lookup.in_bits;
  assign {in_signed, on_membrane} = {descriptor.lookup.in_signed, descriptor.lookup.on_membrane};

  // ---- Stage 0: which unit
  logic          run_q;
  logic [UA:0]   unit_q;
  logic [UA-1:0] s0_unit, s0_addr;
  logic          s0_valid;
  assign s0_valid = run_q | input_valid_i;
  assign s0_unit  = run_q ? unit_q[UA-1:0] : input_unit_i;
  assign s0_addr  = window_i ? window_addr_i : first_i + s0_unit;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q  <= 1'b0;
      unit_q <= '0;
    end else if (start_i) begin
      run_q  <= units_i != '0;
      unit_q <= '0;
    end else if (run_q) begin
      unit_q <= unit_q + 1'b1;
      if (unit_q + 1'b1 == units_i) run_q <= 1'b0;
    end
  end

  // ---- Stage 1: operands arrive, are aligned
  logic [7:1]          valid_q;
  logic [UA-1:0]       unit1_q, addr1_q;
  logic [SW-1:0]       input1_q;
  logic [15*SW-1:0]    signals;
  logic [15:0]         rho, alpha;
  logic [SW-1:0]       low, fires_on;
  logic [BASE-1:0]     table_base;
  logic [DELTA-1:0]    table_delta;
  logic                outside;
  logic signed [SW-1:0] old1, sent1;
  logic [31:0]         key_pre_q;

  `define SIGNAL(m) $signed(signals[(m)*SW+:SW])
  assign fires_on = on_membrane ? `SIGNAL(MEMORY_MEMBRANE) : `SIGNAL(MEMORY_U);
  assign sum_addr_o   = s0_addr;
  assign sum_apical_o = kind == KIND_ACC_APICAL;

  apical_table #(.SW(SW), .DEPTH(TABLE), .BASE(BASE), .DELTA(DELTA), .FIXED(FIXED)) u_table (
    .clk_i, .raw_i(fires_on), .in_bits_i(in_bits), .in_signed_i(in_signed), .low_bits_i(low_bits),
    .start_i(table_start[TA-1:0]), .base_o(table_base), .delta_o(table_delta), .low_o(low),
    .outside_o(outside), .window_i, .we_base_i(window_we_base_i), .we_delta_i(window_we_delta_i), .window_addr_i(window_table_i),
    .wbase_i(window_wdata_i[BASE-1:0]), .wdelta_i(window_wdata_i[DELTA-1:0])
  );

  // A relay reads one memory, which low_bits name, at other units: from the one on where tables have their start.
  localparam int UE = UA > 16 ? UA + 1 : 17;
  logic          relay, outside1_q, outside2_q;
  logic [UE-1:0] relayed;
  assign relay   = RELAYS != 0 && kind == KIND_RELAY;
  assign relayed = UE'(table_start) + UE'(s0_unit);
  always_ff @(posedge clk_i) begin
    outside1_q <= 32'(relayed) >= 32'(UNITS);
    outside2_q <= outside1_q;
  end
  assign bad_address_o = valid_q[2] && ((kind == KIND_TABLE && (outside || bad_table_i)) || (relay && outside2_q));

  assign sent1 = dest == 4'(MEMORY_ERROR) ? `SIGNAL(MEMORY_SENT_ERROR) : `SIGNAL(MEMORY_SENT_RATE);

  logic signed [BM-1:0] b_q;
  logic signed [EW-1:0] addend_q;
  logic signed [AM-1:0] a2_q;
  logic signed [SW-1:0] slope2_q;
  apical_operands #(
    .SW(SW), .DW(DW), .EW(EW), .AW(AW), .BASE(BASE), .DELTA(DELTA), .ALIGN(ALIGN), .AM(AM), .BM(BM)
  ) u_operands (
    .clk_i, .kind_i(kind), .align0_i(align0), .align1_i(align1), .align2_i(align2), .align3_i(align3),
    .use_nudge_i(use_nudge), .signals_i(signals), .rho_i(rho), .alpha_i(alpha), .beta_i, .eta_i, .factor_i,
    .relay_i(relay), .relay_memory_i(low_bits[3:0]), .input_i(input1_q), .sum_i, .low_i(low), .table_base_i(table_base), .table_delta_i(table_delta),
    .a_o(a2_q), .b_o(b_q), .addend_o(addend_q), .slope_o(slope2_q)
  );

  // ---- Stages 3 and 4: product and sum
  logic signed [EW-1:0] product_q, shifted_q, x_d, x_q;
  logic signed [SW-1:0] slope3_q;
  logic signed [EW-1:0] shifted_d;
  always_comb begin
    if (kind == KIND_TABLE) shifted_d = addend_q <<< low_bits[LOW-1:0];
    else if (ADVANCED != 0) shifted_d = addend_q <<< up_addend;
    else if (kind == KIND_MEMBRANE) shifted_d = addend_q <<< ALPHA_FRAC;
    else if (kind == KIND_VOLTAGE || kind == KIND_ERROR) shifted_d = addend_q <<< 14;
    else shifted_d = addend_q;
    x_d = shifted_q + product_q;
    if (ADVANCED != 0 && kind == KIND_ADVANCED) x_d = shifted_q + ((EW'(slope3_q) * product_q) <<< up_product);
  end

  // ---- Stages 5 and 6: the quantiser
  logic signed [EW-1:0] rounded_d, rounded_q;
  logic                 lost_d, lost_q, negative_q;
  logic [31:0]          key;
  logic [15:0]          random_bits, random_d, random6_q, random7_q;
  logic signed [SW-1:0] y_d, y_q;
  // verilator lint_off UNUSEDSIGNAL
  logic                 limited;  // of interest to proofs only
  // verilator lint_on UNUSEDSIGNAL
  if (RANDOM > 1) begin : gen_random
    apical_mix #(.LAST(0)) u_mix (.clk_i, .enable_i(1'b1), .a_i(key_pre_q), .a_o(key));
  end else begin : gen_no_random
    // verilator lint_off UNUSEDSIGNAL
    logic unused;  // the key of a unit is of no use here
    // verilator lint_on UNUSEDSIGNAL
    assign unused = ^key_pre_q;
    assign key = '0;
  end
  apical_random u_random (.clk_i, .key_i(key), .column_i(MIX_OF_COLUMN_0), .random_o(random_bits));
  assign random_d = no_random ? '0 : random_bits;
  apical_round #(.W(EW), .LEVELS(LEVELS), .LEFT(LEFT), .RANDOM(RANDOM > 1 ? 2 : 0)) u_round (
    .x_i(x_q), .shift_i(shift), .mode_i({descriptor.terms.random_dropped, rounding}), .random_i(random_d), .y_o(rounded_d), .lost_o(lost_d)
  );
  apical_limit #(.W(EW), .Y(SW), .FIXED(FIXED)) u_limit (
    .x_i(rounded_q), .lost_i(lost_q), .negative_i(negative_q), .bits_i(bits), .signed_i(is_signed),
    .overflow_i(overflow), .y_o(y_d), .limited_o(limited)
  );

  // ---- What travels along
  logic [6*(UA+2*SW)-1:0] travel_q;  // address, old value, what was sent: of stages 2 (low) to 7
  logic [UA-1:0]          addr7;
  logic signed [SW-1:0]   old7, sent7;
  assign {addr7, old7, sent7} = travel_q[5*(UA+2*SW)+:UA+2*SW];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) valid_q <= '0;
    else valid_q <= {valid_q[6:1], s0_valid};
  end
  always_ff @(posedge clk_i) begin
    unit1_q  <= s0_unit;
    addr1_q  <= s0_addr;
    input1_q <= input_value_i;
    key_pre_q <= tick_key_i + {stream, 20'b0} + 32'(unit1_q);
    product_q <= EW'(a2_q) * EW'(b_q);
    {shifted_q, slope3_q} <= {shifted_d, slope2_q};
    x_q <= x_d;
    {rounded_q, lost_q, negative_q} <= {rounded_d, lost_d, x_q[EW-1]};
    {random6_q, random7_q} <= {random_d, random6_q};
    y_q <= y_d;
    travel_q <= {travel_q[5*(UA+2*SW)-1:0], addr1_q, old1, sent1};
  end

  // ---- Stages 7 and 8: write; send what moved by more than theta
  logic          event_q;
  logic [UA-1:0] event_addr_q;
  logic [SW-1:0] event_sent_q;
  logic [16:0]   we;
  apical_send #(.SW(SW), .UA(UA)) u_send (
    .clk_i, .rst_ni, .valid_i(valid_q[7]), .rate_i(dest == 4'(MEMORY_RATE)), .error_i(dest == 4'(MEMORY_ERROR)),
    .theta_rate_i, .theta_error_i, .addr_i(addr7), .value_i(y_q), .sent_i(sent7), .valid_o(event_q),
    .addr_o(event_addr_q), .sent_o(event_sent_q), .delta_o(event_delta_o)
  );
  assign event_valid_o = event_q;
  assign event_error_o = dest == 4'(MEMORY_ERROR);
  assign event_unit_o  = event_addr_q - first_i;
  assign event_addr_o  = event_addr_q;
  assign event_sent_o  = event_sent_q;
  always_comb begin
    we = window_we_i;
    if (valid_q[7]) begin
      we = '0;
      for (int m = 0; m < 15; m++) we[m] = dest == 4'(m);
      if (kind == KIND_START_MISMATCH) we[MEMORY_FIRST_MISMATCH] = 1'b1;
      {we[MEMORY_SENT_ERROR], we[MEMORY_SENT_RATE]} = '0;
    end
    if (event_q) we[event_error_o ? MEMORY_SENT_ERROR : MEMORY_SENT_RATE] = 1'b1;
  end

  // verilator lint_off UNUSEDSIGNAL
  constant_t constant;
  // verilator lint_on UNUSEDSIGNAL
  assign constant = 32'(window_wdata_i);
  apical_neuron_memory #(.UNITS(UNITS), .SW(SW), .ADVANCED(ADVANCED), .MISMATCH(MISMATCH)) u_memory (
    .clk_i, .we_i(we), .waddr_i(valid_q[7] ? addr7 : window_addr_i),
    .wdata_i(valid_q[7] ? y_q : window_wdata_i[SW-1:0]), .wsent_i(event_q ? event_sent_q : window_wdata_i[SW-1:0]),
    .waddr_sent_i(event_q ? event_addr_q : window_addr_i),
    .wconstant_i(constant.value), .raddr_i(s0_addr), .relay_i(relay && !window_i), .relay_memory_i(low_bits[3:0]),
    .relay_addr_i(relayed[UA-1:0]), .scan_i, .scan_re_i, .scan_addr_i,
    .rdata_o(signals), .rho_o(rho), .alpha_o(alpha)
  );

  assign retire_valid_o  = valid_q[7] && y_q != old7 && dest != 4'(MEMORY_SCRATCH) && dest != 4'(MEMORY_STEP);
  assign retire_signal_o = dest;
  assign retire_addr_o   = addr7;
  assign retire_old_o    = old7;
  assign retire_new_o    = y_q;
  assign retire_random_o = rounding == MODE_STOCHASTIC ? random7_q : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) {changed_o, nonzero_o} <= '0;
    else if (start_i) {changed_o, nonzero_o} <= '0;
    else if (valid_q[7]) begin
      changed_o <= changed_o | (y_q != old7);
      nonzero_o <= nonzero_o | (y_q != '0);
    end
  end

  assign busy_o = start_i | run_q | (|valid_q) | event_q;
  assign sent_rate_o  = signals[MEMORY_SENT_RATE*SW+:SW];
  assign sent_error_o = signals[MEMORY_SENT_ERROR*SW+:SW];
  assign step_o       = signals[MEMORY_STEP*SW+:SW];
  // One choice of a signal for the window and for what a pass replaces.
  // The window's begins a clock late, like the word that it reads: knowing that all is idle is long.
  logic                 window_q;
  logic [4:0]           chosen;
  logic signed [SW-1:0] choice;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) window_q <= 1'b0;
    else window_q <= window_i;
  end
  assign chosen = window_q ? window_select_i : {1'b0, dest};
  always_comb begin
    choice = '0;
    for (int m = 0; m < 15; m++) if (chosen == 5'(m)) choice = `SIGNAL(m);
    window_signal_o = 32'(choice);
    if (window_select_i == 5'(MEMORY_RHO)) window_signal_o = {16'b0, rho};
    if (window_select_i == 5'(MEMORY_ALPHA)) window_signal_o = {16'b0, alpha};
  end
  assign old1 = choice;
  assign window_base_o  = table_base;
  assign window_delta_o = table_delta;
  `undef SIGNAL
endmodule
