// SPDX-License-Identifier: Apache-2.0
// Rounds x · 2^-shift to an integer, eight modes; a negative shift multiplies instead.
// The fraction is kept at 17 bits and a sticky bit: enough for ties and for 16 random bits.
module apical_round #(
  parameter int W      = 32,  // of x and of the result
  parameter int LEVELS = 7,   // shifts of up to 2^LEVELS - 1
  parameter int LEFT   = 1,   // 0: no multiplication
  parameter int RANDOM = 1    // 0: STOCHASTIC is the same as TRN; 1: it has 16 random bits; 2: or fewer
) (
  input  logic signed [W-1:0] x_i,
  input  logic signed [7:0]   shift_i,
  // verilator lint_off UNUSEDSIGNAL
  input  logic        [7:0]   mode_i,  // a mode's number; above it the low random bits that STOCHASTIC drops
  // verilator lint_on UNUSEDSIGNAL
  input  logic        [15:0]  random_i,
  output logic signed [W-1:0] y_o,
  output logic                lost_o  // a left shift dropped bits: the value lies beyond W bits
);
  `include "apical_isa.svh"

  localparam int F = RANDOM != 0 ? 17 : 1;

  logic signed [W+F-1:0] right;
  logic                  sticky;
  logic signed [W-1:0]   left;
  // A core may have fewer levels than the field has bits.
  // verilator lint_off UNUSEDSIGNAL
  logic        [6:0]     up_by, down_by;
  // verilator lint_on UNUSEDSIGNAL

  assign down_by = shift_i[6:0];
  assign up_by   = (shift_i == -8'sd128) ? 7'd127 : 7'(-shift_i);

  always_comb begin
    right  = {x_i, {F{1'b0}}};
    sticky = 1'b0;
    for (int level = 0; level < LEVELS; level++) begin
      if (down_by[level]) begin
        for (int b = 0; b < W + F; b++)
          if (b < (1 << level)) sticky = sticky | right[b];
        right = right >>> (1 << level);
      end
    end
  end

  always_comb begin
    left   = x_i;
    lost_o = 1'b0;
    if (LEFT != 0 && shift_i < 0) begin
      for (int level = 0; level < LEVELS; level++) begin
        if (up_by[level]) begin
          for (int b = 0; b < W - 1; b++)
            if (b + 1 + (1 << level) >= W) lost_o = lost_o | (left[b] ^ left[W-1]);
          if ((1 << level) >= W) lost_o = lost_o | (left != '0);
          left = left << (1 << level);
          lost_o = lost_o | (left[W-1] ^ x_i[W-1]);
        end
      end
      if (x_i == '0) lost_o = 1'b0;
    end
  end

  logic signed [W-1:0] floor;
  logic                half, below, negative, up, carries;

  assign floor    = right[W+F-1:F];
  assign half     = right[F-1];
  assign below    = |(right[F-1:0] & ~(F'(1) << (F - 1))) | sticky;
  assign negative = x_i[W-1];

  // The fraction at as many bits as there are random ones, half up, plus those: the carry decides. Half of the
  // last place stands just below the last random bit, where nothing else is added.
  if (RANDOM != 0) begin : gen_random
    logic [3:0]  dropped;
    logic [16:0] addend;
    // verilator lint_off UNUSEDSIGNAL
    logic [17:0] sum;  // of which only the carry counts
    // verilator lint_on UNUSEDSIGNAL
    assign dropped = RANDOM > 1 ? mode_i[7:4] : 4'd0;
    assign addend  = ({random_i, 1'b0} & (17'h1fffe << dropped)) | (17'd1 << dropped);
    assign sum     = {1'b0, right[F-1:0]} + {1'b0, addend};
    assign carries = sum[17];
  end else begin : gen_no_random
    // verilator lint_off UNUSEDSIGNAL
    logic unused;  // no random bits are needed
    // verilator lint_on UNUSEDSIGNAL
    assign unused  = ^random_i;
    assign carries = 1'b0;
  end

  always_comb begin
    up = 1'b0;
    unique case (mode_i[3:0])
      MODE_RND:         up = half;
      MODE_RND_ZERO:    up = half & (below | negative);
      MODE_RND_MIN_INF: up = half & below;
      MODE_RND_INF:     up = half & (below | ~negative);
      MODE_RND_CONV:    up = half & (below | floor[0]);
      MODE_TRN:         up = 1'b0;
      MODE_TRN_ZERO:    up = (half | below) & negative;
      MODE_STOCHASTIC:  up = carries;
      default:          up = 1'b0;
    endcase
  end

  assign y_o = (LEFT != 0 && shift_i < 0) ? left : floor + W'($signed({1'b0, up}));
endmodule
