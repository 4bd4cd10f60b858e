// 16 random bits from the key of a row and the hash of a column number: three 16-bit additions.
module apical_random (
  input  logic [31:0] key_i,
  input  logic [31:0] column_i,  // mix32(column)
  output logic [15:0] random_o
);
  logic [15:0] x0, x1, x2, x3;
  assign x0       = (key_i[15:0] ^ column_i[15:0]) + (key_i[31:16] ^ column_i[31:16]);
  assign x1       = x0 ^ {5'b0, x0[15:5]};
  assign x2       = x1 + {x1[8:0], 7'b0};
  assign x3       = x2 ^ {3'b0, x2[15:3]};
  assign random_o = x3 + {x3[6:0], 9'b0};
endmodule
