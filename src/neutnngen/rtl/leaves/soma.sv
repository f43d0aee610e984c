// The soma of a neuron with proximal segments of its own (rule P3).
//
// near and far are high from the clock on in which the proximal segments and the dendrites fire. Each starts a ramp that adds 1 in its first
// clock and stops at its weight. fire is high from the clock on in which the ramps reach THRESHOLD; far alone never does, since
// WEIGHT_FAR is less.
module soma #(
    parameter integer WEIGHT_NEAR = 1,
    parameter integer WEIGHT_FAR  = 0,
    parameter integer THRESHOLD   = 1,
    parameter integer LEVEL_W     = 4
) (
    input  wire               clk,
    input  wire               clear,
    input  wire               near,
    input  wire               far,
    output wire [LEVEL_W-1:0] level,
    output wire               fire
);
    reg [LEVEL_W-1:0] ramp_near, ramp_far;  // what the ramps have added before this clock

    wire [LEVEL_W-1:0] now_near = ramp_near + {{(LEVEL_W-1){1'b0}}, near & (ramp_near != LEVEL_W'(WEIGHT_NEAR))};
    wire [LEVEL_W-1:0] now_far  = ramp_far + {{(LEVEL_W-1){1'b0}}, far & (ramp_far != LEVEL_W'(WEIGHT_FAR))};

    assign level = now_near + now_far;
    assign fire  = (level >= LEVEL_W'(THRESHOLD));

    always @(posedge clk) begin
        if (clear) begin
            ramp_near <= {LEVEL_W{1'b0}};
            ramp_far  <= {LEVEL_W{1'b0}};
        end else begin
            ramp_near <= now_near;
            ramp_far  <= now_far;
        end
    end
endmodule
