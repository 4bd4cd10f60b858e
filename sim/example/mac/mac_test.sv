// SPDX-License-Identifier: Apache-2.0
// Every sum of mac.sv against the quantiser of libapical_c: random operands, and operands that bring ties and ends.
`timescale 1ns / 1ps
module mac_test;
  `include "apical_calls.svh"

  localparam int SUMS = 500;
  reg clk = 0, first = 0, enable = 0;
  reg signed [8:0] a = 0;
  reg [6:0] b = 0;
  wire signed [20:0] sum;
  wire signed [10:0] rounded;
  wire [5:0] cut;
  mac dut (.clk(clk), .first(first), .enable(enable), .a(a), .b(b), .sum(sum), .rounded(rounded), .cut(cut));

  int rounded_format[0:5], cut_format[0:5];
  int seed = 18, status, limited, operand, ties, limits;
  longint exact, expected;

  task ask(input int failed);
    if (failed != 0) begin
      $display("mac_test: status %0d: %0s", failed, `APICAL(last_error)(0));
      $fatal(1);
    end
  endtask

  task compare(input int found, input int bits);
    int n;
    begin
      if (longint'(found) != expected) begin
        $display("mac_test: operand %0d: %0d in %0d bits, expected %0d of the sum %0d * 2^-12", operand, found, bits,
                 expected, exact);
        for (n = 0; n < bits; n = n + 1)
          if (((longint'(found) ^ expected) >> n) & 1) $display("mac_test:   bit %0d", n);
        $fatal(1);
      end
    end
  endtask

  initial begin
    ask(`APICAL(format_parse)("{ bits = 11, frac = 4, rounding = \"RND_CONV\", overflow = \"SAT_SYM\" }", rounded_format));
    ask(`APICAL(format_parse)("{ bits = 6, frac = 1, signed = false, rounding = \"TRN_ZERO\" }", cut_format));
    enable = 1;
    for (operand = 0; operand < 16 * SUMS; operand = operand + 1) begin
      first = operand % 16 == 0;
      a = $random(seed);
      b = $random(seed);
      if (operand / 16 % 5 == 3) a = 16 * a;  // multiples of half a place: ties
      if (operand / 16 % 5 == 3) b = 8 * b;
      if (operand / 16 % 5 == 4) a = operand / 16 % 2 == 0 ? -255 : 255;  // ends
      if (operand / 16 % 5 == 4) b = 127;
      if (first) exact = 0;
      exact = exact + longint'(a) * longint'(b);
      #1 clk = 1;
      #1 clk = 0;
      #1;
      if (exact % 256 == 128 || exact % 256 == -128) ties = ties + 1;
      ask(`APICAL(quantise)(exact, 12, rounded_format, 0, expected, limited));
      limits = limits + limited;
      compare(rounded, 11);
      ask(`APICAL(quantise)(exact, 12, cut_format, 0, expected, limited));
      compare(int'(cut), 6);
    end
    if (ties < 20 || limits < 20) begin
      $display("mac_test: only %0d ties and %0d ends were met", ties, limits);
      $fatal(1);
    end
    $display("mac_test: %0d operands equal in every bit, %0d ties, %0d ends", operand, ties, limits);
    $finish;
  end
endmodule
