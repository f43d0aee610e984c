// The response of the weight at a head of a ring (rules S1 … S4): 1 while the line drives the column and weight > age (rule S2).
//
// remaining is the largest age minus age, so that weight > age is the carry out of weight + remaining.
module ring_response #(
    parameter integer WEIGHT_W = 3
) (
    input  wire [WEIGHT_W-1:0] weight,
    input  wire                driving,
    input  wire [WEIGHT_W-1:0] remaining,
    output wire                contribution
);
    wire [WEIGHT_W:0] exceeds;
    assign exceeds[0]   = 1'b0;
    assign contribution = driving & exceeds[WEIGHT_W];

    genvar k;
    generate
        for (k = 0; k < WEIGHT_W; k = k + 1) begin : compare_bit
            assign exceeds[k+1] = (weight[k] & remaining[k]) | (exceeds[k] & (weight[k] | remaining[k]));
        end
    endgenerate
endmodule
