// SPDX-License-Identifier: Apache-2.0
// Brings an integer into the range of a format: saturates, zeroes or wraps.
module apical_limit #(
  parameter int W = 32,  // of x
  parameter int Y = 16,  // of the result, which holds every value of the format
  parameter int FIXED = 0  // 1: the format is Y bits, signed, SAT
) (
  input  logic signed [W-1:0] x_i,
  input  logic                lost_i,      // x lies beyond W bits, x_i are its low bits
  input  logic                negative_i,  // sign of the whole value
  input  logic        [5:0]   bits_i,
  input  logic                signed_i,
  input  logic        [1:0]   overflow_i,
  output logic signed [Y-1:0] y_o,
  output logic                limited_o
);
  `include "apical_isa.svh"

  if (FIXED != 0) begin : gen_fixed
    logic fits;
    // verilator lint_off UNUSEDSIGNAL
    logic unused;  // the format is known
    // verilator lint_on UNUSEDSIGNAL
    assign unused    = ^{bits_i, signed_i, overflow_i};
    assign fits      = !lost_i && (&x_i[W-1:Y-1] || !(|x_i[W-1:Y-1]));
    assign limited_o = !fits;
    assign y_o       = fits ? $signed(x_i[Y-1:0]) : {negative_i, {(Y-1){!negative_i}}};
  end else begin : gen_any
    logic [Y-1:0] mask;  // bits_i ones, less one if signed: the highest value
    logic [Y-1:0] keep;  // bits_i ones
    logic [W-1:0] beyond;
    logic [5:0] magnitude_bits;
    logic signed [Y-1:0] high, low;
    logic above, under;
    logic [Y-1:0] wrapped;

    assign magnitude_bits = signed_i ? bits_i - 6'd1 : bits_i;

    assign beyond = {W{1'b1}} << magnitude_bits;
    assign mask   = ~({Y{1'b1}} << magnitude_bits);
    assign keep   = ~({Y{1'b1}} << bits_i);

    assign high = $signed(mask);
    assign low  = !signed_i ? '0 : $signed(~mask) + (overflow_i == OVERFLOW_SAT_SYM ? Y'(1) : '0);

    // Bits above the range must all equal the sign; SAT_SYM has no value whose other bits are all 0.
    always_comb begin
      above = lost_i ? ~negative_i : !x_i[W-1] && |(x_i & beyond);
      under = lost_i ? negative_i : x_i[W-1] && (!signed_i || |(~x_i & beyond));
      if (!lost_i && signed_i && overflow_i == OVERFLOW_SAT_SYM && x_i[W-1] && !(|(x_i & ~beyond))) under = 1'b1;
    end

    always_comb begin
      for (int b = 0; b < Y; b++) wrapped[b] = b < W ? x_i[b < W ? b : 0] : x_i[W-1];
      wrapped = wrapped & keep;
      if (signed_i && |(wrapped & keep & ~mask)) wrapped = wrapped | ~keep;
    end

    assign limited_o = above | under;
    always_comb begin
      y_o = Y'(x_i);
      if (limited_o) begin
        unique case (overflow_i)
          OVERFLOW_SAT_ZERO: y_o = '0;
          OVERFLOW_WRAP:     y_o = wrapped;
          default:           y_o = under ? low : high;
        endcase
      end
    end
  end
endmodule
