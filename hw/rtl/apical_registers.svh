// verilator lint_off UNUSEDPARAM
localparam logic [7:0] REG_ID              = 8'h00;
localparam logic [7:0] REG_PARAMETERS      = 8'h04;
localparam logic [7:0] REG_CONTROL         = 8'h08;
localparam logic [7:0] REG_STATUS          = 8'h0c;
localparam logic [7:0] REG_ERRORS          = 8'h10;
localparam logic [7:0] REG_TICK            = 8'h14;
localparam logic [7:0] REG_SEED            = 8'h18;
localparam logic [7:0] REG_BETA            = 8'h1c;
localparam logic [7:0] REG_TICK_OPERATION  = 8'h20;
localparam logic [7:0] REG_DECAY_LENGTH    = 8'h24;
localparam logic [7:0] REG_LINK            = 8'h28;
localparam logic [7:0] REG_ALWAYS          = 8'h2c;
localparam logic [7:0] REG_WINDOW_SELECT   = 8'h30;
localparam logic [7:0] REG_WINDOW_ADDRESS  = 8'h34;
localparam logic [7:0] REG_WINDOW_HIGH     = 8'h38;
localparam logic [7:0] REG_WINDOW_DATA     = 8'h3c;
localparam logic [7:0] REG_INPUT_UNIT      = 8'h40;
localparam logic [7:0] REG_INPUT           = 8'h44;
localparam logic [7:0] REG_CYCLES          = 8'h48;
localparam logic [7:0] REG_STALLS          = 8'h4c;
localparam logic [7:0] REG_EVENTS          = 8'h50;
localparam logic [7:0] REG_MACS            = 8'h54;
localparam logic [7:0] REG_LANE_CYCLES     = 8'h58;
// verilator lint_on UNUSEDPARAM
