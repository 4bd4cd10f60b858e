// SPDX-License-Identifier: Apache-2.0
// Integers of the array: rounding, limits and random bits as fixedpoint/README.md has them in words.

// x · 2^-shift to the nearest integer, ties to even. Integers stay what they are.
function automatic logic signed [47:0] round_even(input logic signed [47:0] x, input int shift);
  logic signed [47:0] low, half;
  begin
    low  = x & ((48'sd1 <<< shift) - 48'sd1);
    half = shift == 0 ? 48'sd1 : 48'sd1 <<< (shift - 1);
    round_even = x >>> shift;
    if (low > half || (low == half && round_even[0])) round_even = round_even + 48'sd1;
  end
endfunction

// The nearest of the integers that `bits` bits hold in two's complement.
function automatic logic signed [47:0] limited(input logic signed [47:0] x, input int bits);
  logic signed [47:0] top;
  begin
    top = (48'sd1 <<< (bits - 1)) - 48'sd1;
    limited = x > top ? top : x < -top - 48'sd1 ? -top - 48'sd1 : x;
  end
endfunction

function automatic logic [31:0] mix(input logic [31:0] from);
  logic [31:0] a;
  begin
    a = (from + 32'h7ed55d16) + (from << 12);
    a = (a ^ 32'hc761c23c) ^ (a >> 19);
    a = (a + 32'h165667b1) + (a << 5);
    a = (a + 32'hd3a2646c) ^ (a << 9);
    a = (a + 32'hfd7046c5) + (a << 3);
    mix = (a ^ 32'hb55a4f09) ^ (a >> 16);
  end
endfunction

// The random bits of a column, from the key of its row.
function automatic logic [15:0] drawn(input logic [31:0] key, input logic [31:0] column);
  logic [31:0] c;
  logic [15:0] x;
  begin
    c = mix(column);
    x = (key[15:0] ^ c[15:0]) + (key[31:16] ^ c[31:16]);
    x = x ^ (x >> 5);
    x = x + (x << 7);
    x = x ^ (x >> 3);
    drawn = x + (x << 9);
  end
endfunction

// x · 2^-shift, up with the probability of the fraction; shift 1..47.
function automatic logic signed [47:0] round_by_chance(input logic signed [47:0] x, input int shift,
                                                       input logic [15:0] random);
  logic signed [47:0] r;
  begin
    r = {32'd0, random};
    if (shift <= 16) round_by_chance = (x + (r >>> (16 - shift))) >>> shift;
    else round_by_chance = ((((x >>> (shift - 17)) + 48'sd1) >>> 1) + r) >>> 16;
  end
endfunction
