// SPDX-License-Identifier: Apache-2.0
// Stages 1 and 2 of the neuron unit: operands are aligned and chosen, the drive is formed, the product's two factors
// and its addend come out.
module apical_operands #(
  parameter int SW    = 16,
  parameter int DW    = 32,  // aligned drive
  parameter int EW    = 48,
  parameter int AW    = 40,
  parameter int BASE  = 23,
  parameter int DELTA = 23,
  parameter int ALIGN = 6,   // bits of the alignments
  parameter int AM    = 18,  // first factor
  parameter int BM    = 32   // second factor
) (
  input  logic                 clk_i,
  input  logic [4:0]           kind_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic [5:0]           align0_i,  // a core may use fewer bits
  input  logic [5:0]           align1_i,
  input  logic [5:0]           align2_i,
  input  logic [5:0]           align3_i,
  input  logic [15*SW-1:0]     signals_i, // signal m at [m*SW +: SW]; not all are operands
  // verilator lint_on UNUSEDSIGNAL
  input  logic                 use_nudge_i,
  input  logic [15:0]          rho_i,
  input  logic [15:0]          alpha_i,
  input  logic [15:0]          beta_i,
  input  logic [15:0]          eta_i,
  input  logic [16:0]          factor_i,
  input  logic                 relay_i,   // the addend is signal relay_memory_i
  input  logic [3:0]           relay_memory_i,
  input  logic [SW-1:0]        input_i,
  input  logic [AW-1:0]        sum_i,
  input  logic [SW-1:0]        low_i,
  input  logic [BASE-1:0]      table_base_i,   // a clock later than the rest
  input  logic [DELTA-1:0]     table_delta_i,  // a clock later than the rest
  output logic signed [AM-1:0] a_o,       // two clocks later, like the others
  output logic signed [BM-1:0] b_o,
  output logic signed [EW-1:0] addend_o,
  output logic signed [SW-1:0] slope_o
);
  `include "apical_isa.svh"
  `define SIGNAL(m) $signed(signals_i[(m)*SW+:SW])

  // ---- Operands, aligned
  logic signed [DW-1:0] t0_d, t1_d, t2_d, t3_d, t0_q, t1_q, t2_q, t3_q;
  logic signed [AM-1:0] a_d, a_q;
  logic signed [SW-1:0] aux_d, aux_q, slope_q, first, last;
  logic signed [AW-1:0] sum_q;
  always_comb begin
    first = kind_i == KIND_NUDGE_TARGET ? `SIGNAL(MEMORY_TARGET) : `SIGNAL(MEMORY_BASAL);
    last  = kind_i == KIND_NUDGE_TARGET ? `SIGNAL(MEMORY_U) : `SIGNAL(MEMORY_MEMBRANE);
    t0_d = DW'(first) <<< align0_i[ALIGN-1:0];
    t1_d = DW'(`SIGNAL(MEMORY_NUDGE)) <<< align1_i[ALIGN-1:0];
    t2_d = DW'(`SIGNAL(MEMORY_MISMATCH)) <<< align2_i[ALIGN-1:0];
    t3_d = DW'(last) <<< align3_i[ALIGN-1:0];
    a_d  = '0;
    aux_d = `SIGNAL(MEMORY_ERROR);
    unique case (kind_i)
      KIND_VOLTAGE, KIND_ADVANCED, KIND_ERROR: a_d = AM'($signed({1'b0, rho_i}));
      KIND_MEMBRANE:     a_d = AM'($signed({1'b0, alpha_i}));
      KIND_NUDGE_TARGET: a_d = AM'($signed({1'b0, beta_i}));
      KIND_NUDGE_SLOPE:  a_d = AM'(`SIGNAL(MEMORY_SLOPE));
      KIND_DECAY:        a_d = AM'($signed({1'b0, factor_i}));
      KIND_STEP:         a_d = AM'($signed({1'b0, eta_i}));
      KIND_TABLE:        a_d = $signed({{(AM - SW) {1'b0}}, low_i});
      default:           a_d = '0;
    endcase
    unique case (kind_i)
      KIND_NUDGE_SLOPE: aux_d = `SIGNAL(MEMORY_APICAL);
      KIND_DECAY:       aux_d = `SIGNAL(MEMORY_FIRST_MISMATCH);
      KIND_ADVANCED:    aux_d = `SIGNAL(MEMORY_SCRATCH);
      KIND_INPUT:       aux_d = $signed(input_i);
      default:          aux_d = `SIGNAL(MEMORY_ERROR);
    endcase
    for (int m = 0; m <= MEMORY_TARGET; m++) if (relay_i && relay_memory_i == 4'(m)) aux_d = `SIGNAL(m);
  end

  // ---- The drive; factors and addend
  logic signed [DW-1:0] drive;
  logic signed [BM-1:0] b_d;
  logic signed [EW-1:0] addend_d;
  always_comb begin
    drive = '0;
    unique case (kind_i)
      KIND_VOLTAGE, KIND_ADVANCED, KIND_ERROR, KIND_MEMBRANE:
        drive = t0_q + (use_nudge_i ? t1_q : '0) + t2_q - t3_q;
      KIND_NUDGE_TARGET:   drive = t0_q - t3_q;
      KIND_COPY_NUDGE:     drive = t1_q;
      KIND_START_ERROR:    drive = -t0_q;
      KIND_START_MISMATCH: drive = -t0_q - t1_q;
      default:             drive = '0;
    endcase
    unique case (kind_i)
      KIND_VOLTAGE, KIND_ADVANCED, KIND_ERROR, KIND_MEMBRANE, KIND_NUDGE_TARGET: b_d = BM'(drive);
      KIND_TABLE:                               b_d = BM'($signed(table_delta_i));
      KIND_NUDGE_SLOPE, KIND_DECAY, KIND_STEP:  b_d = BM'(aux_q);
      default:                                  b_d = '0;
    endcase
    unique case (kind_i)
      KIND_ACC_BASAL, KIND_ACC_APICAL:          addend_d = EW'(sum_q);
      KIND_VOLTAGE, KIND_MEMBRANE:              addend_d = EW'(t3_q);
      KIND_ERROR:                               addend_d = EW'(t3_q) - EW'(t0_q);
      KIND_TABLE:                               addend_d = EW'($signed(table_base_i));
      KIND_ADVANCED, KIND_INPUT, KIND_RELAY:    addend_d = EW'(aux_q);
      KIND_COPY_NUDGE, KIND_START_ERROR, KIND_START_MISMATCH: addend_d = EW'(drive);
      default:                                  addend_d = '0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    t0_q <= t0_d;
    t1_q <= t1_d;
    t2_q <= t2_d;
    t3_q <= t3_d;
    a_q  <= a_d;
    aux_q <= aux_d;
    slope_q <= `SIGNAL(MEMORY_SLOPE);
    sum_q <= $signed(sum_i);
    a_o <= a_q;
    b_o <= b_d;
    addend_o <= addend_d;
    slope_o <= slope_q;
  end
  `undef SIGNAL
endmodule
