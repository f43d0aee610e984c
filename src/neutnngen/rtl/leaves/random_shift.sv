// The random bits of one learning wave (rules R6, R7, R8 shared per column), in fewer gates than random_unit: same draws, same order, same state.
//
// In each clock of a draw the register makes ten steps (`lfsr_draw`), and the drawn bit is value < limit of draw number `count`. Order of the draws:
// capture, minus, search, backoff, min, F(0) … F(w_max). RULE_LIMITS, UP_LIMITS, DOWN_LIMITS: over 1024, 11 bits each, draw 0 lowest; one
// draw serves both tables.
//
// held is the state with the bits of SEED turned, so that reset is zeros shifted in: rst must be high for STATE_W/10 clocks, rounded up.
// A bit whose limit is 0 or 1024 is a constant and is not stored. Bits of an earlier wave may remain when learning is off.
module random_shift #(
    parameter integer                 STATE_W     = 31,
    parameter         [STATE_W-1:0]   TAPS        = {STATE_W{1'b0}},
    parameter         [STATE_W-1:0]   SEED        = {{(STATE_W-1){1'b0}}, 1'b1},
    parameter integer                 LEVELS      = 8,
    parameter integer                 COUNT_W     = 4,
    parameter integer                 SAME        = 1,
    parameter         [5*11-1:0]      RULE_LIMITS = {55{1'b0}},
    parameter         [LEVELS*11-1:0] UP_LIMITS   = {(LEVELS*11){1'b0}},
    parameter         [LEVELS*11-1:0] DOWN_LIMITS = {(LEVELS*11){1'b0}}
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               draw,
    input  wire [COUNT_W-1:0] count,
    output wire               capture,
    output wire               minus,
    output wire               search,
    output wire               backoff,
    output wire               minimum,
    output wire [LEVELS-1:0]  stabilise_up,
    output wire [LEVELS-1:0]  stabilise_down
);
    localparam integer SIZE = 5 + LEVELS;

    reg  [STATE_W-1:0] held;
    wire [STATE_W-1:0] state = held ^ SEED;
    wire [STATE_W-1:0] after;
    wire [10:0]        value;
    lfsr_draw #(.STATE_W(STATE_W), .TAPS(TAPS)) ten_steps (.state(state), .after(after), .value(value));

    always @(posedge clk) begin
        if (rst)       held <= {held[STATE_W-11:0], 10'd0};
        else if (draw) held <= after ^ SEED;
    end

    drawn_bits #(.SIZE(SIZE), .COUNT_W(COUNT_W), .LIMITS({UP_LIMITS, RULE_LIMITS})) rising (
        .clk(clk), .draw(draw), .count(count), .value(value[9:0]), .bits({stabilise_up, minimum, backoff, search, minus, capture})
    );
    generate
        if (SAME != 0) begin : one_table
            assign stabilise_down = stabilise_up;
            wire unused = &{1'b0, value[10]};
        end else begin : two_tables
            wire [4:0] rules;
            wire       unused = &{1'b0, value[10], rules};
            drawn_bits #(.SIZE(SIZE), .COUNT_W(COUNT_W), .LIMITS({DOWN_LIMITS, 55'd0})) falling (
                .clk(clk), .draw(draw), .count(count), .value(value[9:0]), .bits({stabilise_down, rules})
            );
        end
    endgenerate
endmodule
