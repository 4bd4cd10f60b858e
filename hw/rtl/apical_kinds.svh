// What a pass of the neuron unit computes, the memories of a neuron's signals, the slots of an UPDATE.
// Every module includes all of these and uses some, hence no UNUSEDPARAM.
// verilator lint_off UNUSEDPARAM
localparam logic [3:0] KIND_ACC_BASAL      = 4'd0;
localparam logic [3:0] KIND_ACC_APICAL     = 4'd1;
localparam logic [3:0] KIND_VOLTAGE        = 4'd2;
localparam logic [3:0] KIND_TABLE          = 4'd3;
localparam logic [3:0] KIND_ADVANCED       = 4'd4;
localparam logic [3:0] KIND_NUDGE_TARGET   = 4'd5;
localparam logic [3:0] KIND_NUDGE_SLOPE    = 4'd6;
localparam logic [3:0] KIND_ERROR          = 4'd7;
localparam logic [3:0] KIND_COPY_NUDGE     = 4'd8;
localparam logic [3:0] KIND_MEMBRANE       = 4'd9;
localparam logic [3:0] KIND_START_ERROR    = 4'd10;
localparam logic [3:0] KIND_START_MISMATCH = 4'd11;
localparam logic [3:0] KIND_DECAY          = 4'd12;
localparam logic [3:0] KIND_STEP           = 4'd13;
localparam logic [3:0] KIND_INPUT          = 4'd14;
localparam logic [3:0] KIND_RELAY          = 4'd15;

localparam int MEMORIES = 17;
localparam int M_BASAL          = 0;
localparam int M_APICAL         = 1;
localparam int M_U              = 2;
localparam int M_MEMBRANE       = 3;
localparam int M_RATE           = 4;
localparam int M_SLOPE          = 5;
localparam int M_NUDGE          = 6;
localparam int M_ERROR          = 7;
localparam int M_MISMATCH       = 8;
localparam int M_TARGET         = 9;
localparam int M_FIRST_MISMATCH = 10;
localparam int M_SENT_RATE      = 11;
localparam int M_SENT_ERROR     = 12;
localparam int M_SCRATCH        = 13;
localparam int M_STEP           = 14;
localparam int M_RHO            = 15;
localparam int M_ALPHA          = 16;

localparam int SLOTS = 12;
localparam int SLOT_BASAL          = 0;
localparam int SLOT_START_ERROR    = 1;
localparam int SLOT_U              = 2;
localparam int SLOT_SLOPE          = 3;
localparam int SLOT_SCRATCH        = 4;
localparam int SLOT_RATE           = 5;
localparam int SLOT_APICAL         = 6;
localparam int SLOT_NUDGE          = 7;
localparam int SLOT_ERROR          = 8;
localparam int SLOT_START_MISMATCH = 9;
localparam int SLOT_MEMBRANE       = 10;
localparam int SLOT_MISMATCH       = 11;

localparam logic [2:0] OP_END      = 3'd0;
localparam logic [2:0] OP_FORWARD  = 3'd1;
localparam logic [2:0] OP_BACKWARD = 3'd2;
localparam logic [2:0] OP_UPDATE   = 3'd3;
localparam logic [2:0] OP_LEARN    = 3'd4;

// Host window: numbers below 32 are the neuron's memories.
localparam logic [5:0] WINDOW_OPERATIONS  = 6'd32;
localparam logic [5:0] WINDOW_DESCRIPTORS = 6'd33;
localparam logic [5:0] WINDOW_DECAY       = 6'd34;
localparam logic [5:0] WINDOW_TABLE_BASE  = 6'd35;
localparam logic [5:0] WINDOW_TABLE_DELTA = 6'd36;
localparam logic [5:0] WINDOW_WEIGHTS     = 6'd37;
// verilator lint_on UNUSEDPARAM
