// Every module includes all of these and uses some, hence no UNUSEDPARAM.
// verilator lint_off UNUSEDPARAM
// Rounding and overflow modes as formats name them; the numbers are those of the program.
localparam logic [2:0] MODE_RND         = 3'd0;
localparam logic [2:0] MODE_RND_ZERO    = 3'd1;
localparam logic [2:0] MODE_RND_MIN_INF = 3'd2;
localparam logic [2:0] MODE_RND_INF     = 3'd3;
localparam logic [2:0] MODE_RND_CONV    = 3'd4;
localparam logic [2:0] MODE_TRN         = 3'd5;
localparam logic [2:0] MODE_TRN_ZERO    = 3'd6;
localparam logic [2:0] MODE_STOCHASTIC  = 3'd7;

localparam logic [1:0] OVERFLOW_SAT      = 2'd0;
localparam logic [1:0] OVERFLOW_SAT_ZERO = 2'd1;
localparam logic [1:0] OVERFLOW_SAT_SYM  = 2'd2;
localparam logic [1:0] OVERFLOW_WRAP     = 2'd3;
// verilator lint_on UNUSEDPARAM
