// The random bits of one learning wave (rules R6, R7, R8 shared per column).
//
// In each clock of a draw the register makes ten steps (`lfsr_draw`), and the drawn bit is value < limit of draw number `count`.
// Order of the draws: capture, minus, search, backoff, min, F(0) … F(w_max). RULE_LIMITS and UP_LIMITS hold the limits over
// 1024, 11 bits each, draw 0 lowest; DOWN_LIMITS those of the downward stabiliser, which the same draws serve.
//
// STABILISER = 0: F is always 1, nothing is stored; 1: one table for both directions; 2: two tables.
// The first bit drawn ends in bit 0 of drawn. Bits of an earlier wave may remain when learning is off; the update gates them.
module random_unit #(
    parameter integer                      STATE_W     = 31,
    parameter         [STATE_W-1:0]        TAPS        = {STATE_W{1'b0}},
    parameter integer                      LEVELS      = 8,
    parameter integer                      COUNT_W     = 4,
    parameter integer                      STABILISER  = 1,
    parameter         [5*11-1:0]           RULE_LIMITS = {55{1'b0}},
    parameter         [LEVELS*11-1:0]      UP_LIMITS   = {(LEVELS*11){1'b0}},
    parameter         [LEVELS*11-1:0]      DOWN_LIMITS = {(LEVELS*11){1'b0}}
) (
    input  wire               clk,
    input  wire               rst,
    input  wire [STATE_W-1:0] seed,  // constant; the state after reset
    input  wire               draw,
    input  wire [COUNT_W-1:0] count,
    input  wire               update,
    output wire               capture,
    output wire               minus,
    output wire               search,
    output wire               backoff,
    output wire               minimum,
    output wire [LEVELS-1:0]  stabilise_up,
    output wire [LEVELS-1:0]  stabilise_down
);
    localparam integer STORED = (STABILISER != 0) ? 5 + LEVELS : 5;
    localparam integer LIMITS = 5 + LEVELS;
    localparam [LIMITS*11-1:0] LIMIT = {UP_LIMITS, RULE_LIMITS};

    reg  [STATE_W-1:0] state;
    reg  [STORED-1:0]  drawn;

    wire [STATE_W-1:0] after;
    wire [10:0]        value;
    lfsr_draw #(.STATE_W(STATE_W), .TAPS(TAPS)) ten_steps (.state(state), .after(after), .value(value));

    wire        hit   = (value < LIMIT[count*11+:11]);
    wire        store = draw & (count < COUNT_W'(STORED));

    always @(posedge clk) begin
        if (rst)       state <= seed;
        else if (draw) state <= after;
    end

    always @(posedge clk) begin
        if (store) drawn <= {hit, drawn[STORED-1:1]};
    end

    assign capture = drawn[0] & update;
    assign minus   = drawn[1] & update;
    assign search  = drawn[2] & update;
    assign backoff = drawn[3] & update;
    assign minimum = drawn[4];

    generate
        if (STABILISER == 0) begin : always_move
            assign stabilise_up   = {LEVELS{1'b1}};
            assign stabilise_down = {LEVELS{1'b1}};
        end else begin : table_up
            assign stabilise_up = drawn[5+:LEVELS];
            if (STABILISER == 1) begin : same_down
                assign stabilise_down = stabilise_up;
            end else begin : table_down
                // The stabiliser's draws come last, so that its LEVELS bits are what remains after all draws.
                localparam [LIMITS*11-1:0] DOWN_LIMIT = {DOWN_LIMITS, RULE_LIMITS};
                reg  [LEVELS-1:0] drawn_down;
                wire              hit_down = (value < DOWN_LIMIT[count*11+:11]);
                always @(posedge clk) begin
                    if (draw) drawn_down <= {hit_down, drawn_down[LEVELS-1:1]};
                end
                assign stabilise_down = drawn_down;
            end
        end
    endgenerate
endmodule
