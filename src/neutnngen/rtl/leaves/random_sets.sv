// Random bits for several takers from one register (rules R6, R7, R8 per line): SETS sets, each as `random_unit` draws one.
//
// While draw is high one bit is drawn in each clock, set by set: capture, minus, search, backoff, min, F(0) … F(LEVELS-1). Bit n of set s ends in
// bits[s*SIZE+n], that of the downward stabiliser in bits_down[s*SIZE+n], which differs only where STABILISER = 2. clear begins a new wave.
module random_sets #(
    parameter integer                 STATE_W     = 31,
    parameter         [STATE_W-1:0]   TAPS        = {STATE_W{1'b0}},
    parameter integer                 SETS        = 2,
    parameter integer                 LEVELS      = 8,
    parameter integer                 STABILISER  = 1,
    parameter         [5*11-1:0]      RULE_LIMITS = {55{1'b0}},
    parameter         [LEVELS*11-1:0] UP_LIMITS   = {(LEVELS*11){1'b0}},
    parameter         [LEVELS*11-1:0] DOWN_LIMITS = {(LEVELS*11){1'b0}},
    parameter integer                 SIZE        = 5 + LEVELS
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire [STATE_W-1:0]   seed,  // constant; the state after reset
    input  wire                 clear,
    input  wire                 draw,
    output wire [SETS*SIZE-1:0] bits,
    output wire [SETS*SIZE-1:0] bits_down
);
    localparam integer PLACE_W = $clog2(SIZE);
    localparam [SIZE*11-1:0] LIMIT      = {UP_LIMITS, RULE_LIMITS};
    localparam [SIZE*11-1:0] DOWN_LIMIT = {DOWN_LIMITS, RULE_LIMITS};

    reg [STATE_W-1:0]   state;
    reg [PLACE_W-1:0]   place;  // in the set that is drawn
    reg [SETS*SIZE-1:0] drawn;

    wire [STATE_W-1:0] after;
    wire [10:0]        value;
    lfsr_draw #(.STATE_W(STATE_W), .TAPS(TAPS)) ten_steps (.state(state), .after(after), .value(value));

    wire        hit   = (value < LIMIT[place*11+:11]);

    always @(posedge clk) begin
        if (rst)       state <= seed;
        else if (draw) state <= after;
    end

    always @(posedge clk) begin
        if (clear)     place <= {PLACE_W{1'b0}};
        else if (draw) place <= (place == PLACE_W'(SIZE - 1)) ? {PLACE_W{1'b0}} : place + 1'b1;
    end

    always @(posedge clk) begin
        if (draw) drawn <= {hit, drawn[SETS*SIZE-1:1]};
    end

    assign bits = drawn;

    generate
        if (STABILISER == 2) begin : table_down
            reg  [SETS*SIZE-1:0] drawn_down;
            wire                 hit_down = (value < DOWN_LIMIT[place*11+:11]);
            always @(posedge clk) begin
                if (draw) drawn_down <= {hit_down, drawn_down[SETS*SIZE-1:1]};
            end
            assign bits_down = drawn_down;
        end else begin : same_down
            assign bits_down = drawn;
        end
    endgenerate
endmodule
