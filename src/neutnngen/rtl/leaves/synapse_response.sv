// The response of a synapse to its line (rules S1 … S4).
//
// RAMP = 1 (rule S2): contribution is one bit, 1 while weight > age. RAMP = 0 (rule S3): the whole weight in the clock of arrival.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module synapse_response #(
    parameter integer WEIGHT_W = 3,
    parameter integer RAMP     = 1,
    parameter integer AGE_W    = (RAMP != 0) ? WEIGHT_W : 1,
    parameter integer TERM_W   = (RAMP != 0) ? 1 : WEIGHT_W
) (
    input  wire [WEIGHT_W-1:0] weight,
    input  wire [AGE_W-1:0]    remaining,
    output wire [TERM_W-1:0]   contribution
);
    genvar k;
    generate
        if (RAMP != 0) begin : ramp
            // weight > age is the carry out of weight + (largest age - age).
            wire [WEIGHT_W:0] exceeds;
            assign exceeds[0] = 1'b0;
            for (k = 0; k < WEIGHT_W; k = k + 1) begin : compare_bit
                assign exceeds[k+1] = (weight[k] & remaining[k]) | (exceeds[k] & (weight[k] | remaining[k]));
            end
            assign contribution = exceeds[WEIGHT_W];
        end else begin : step
            assign contribution = weight & {TERM_W{remaining[0]}};
        end
    endgenerate
endmodule
