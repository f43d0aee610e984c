// What the outputs of one wave are, by the arithmetic definition (rules T2, S1 … S4, G1, D1, C1): no clock, no register, no leaf.
//
// x: for each input TIME_W bits of time, and above them a bit that says that there is no spike. weights: neuron j, input i at
// (j * INPUTS + i) * WEIGHT_W. MASK: bit j * INPUTS + i says whether the synapse exists. out: for each neuron 8 bits, its spike time if it
// is the column's winner, else 255. winner: the same as one bit each. Every potential is computed anew from x and the weights:
// V_j(t) = sum over i of min(max(t - x_i + 1, 0), w_ji) for ramps, of w_ji for t >= x_i for steps.
module golden_wave #(
    parameter integer                      INPUTS    = 2,
    parameter integer                      NEURONS   = 2,
    parameter integer                      TIME_W    = 3,
    parameter integer                      WEIGHT_W  = 3,
    parameter integer                      THRESHOLD = 1,
    parameter integer                      RAMP      = 1,
    parameter integer                      LARGEST   = 0,
    parameter integer                      HORIZON   = 14,
    parameter integer                      SUM_W     = 5,
    parameter         [NEURONS*INPUTS-1:0] MASK      = {(NEURONS*INPUTS){1'b1}}
) (
    input  wire [INPUTS*(TIME_W+1)-1:0]         x,
    input  wire [NEURONS*INPUTS*WEIGHT_W-1:0]   weights,
    output reg  [NEURONS*8-1:0]                 out,
    output reg  [NEURONS-1:0]                   winner
);
    reg [SUM_W-1:0] potential[0:NEURONS*HORIZON-1];
    reg [7:0]       first;     // the time at which the first neuron fires, 255 for none
    reg [SUM_W-1:0] best;
    reg             found;
    reg [7:0]       elapsed;
    reg [7:0]       weight;
    integer i, j, t;

    always @* begin
        for (j = 0; j < NEURONS; j = j + 1) begin
            for (t = 0; t < HORIZON; t = t + 1) begin
                potential[j*HORIZON+t] = {SUM_W{1'b0}};
                for (i = 0; i < INPUTS; i = i + 1) begin
                    weight  = {{(8-WEIGHT_W){1'b0}}, weights[(j*INPUTS+i)*WEIGHT_W+:WEIGHT_W]};
                    elapsed = t[7:0] + 8'd1 - {{(8-TIME_W){1'b0}}, x[i*(TIME_W+1)+:TIME_W]};
                    if (MASK[j*INPUTS+i] && !x[i*(TIME_W+1)+TIME_W] && t[7:0] >= {{(8-TIME_W){1'b0}}, x[i*(TIME_W+1)+:TIME_W]})
                        potential[j*HORIZON+t] = potential[j*HORIZON+t] + SUM_W'((RAMP != 0 && elapsed < weight) ? elapsed : weight);
                end
            end
        end

        first = 8'd255;
        for (t = HORIZON - 1; t >= 0; t = t - 1) begin
            for (j = 0; j < NEURONS; j = j + 1) begin
                if (potential[j*HORIZON+t] >= THRESHOLD) first = t[7:0];
            end
        end

        winner = {NEURONS{1'b0}};
        for (t = 0; t < HORIZON; t = t + 1) begin
            found = 1'b0;
            best  = {SUM_W{1'b0}};
            for (j = 0; j < NEURONS; j = j + 1) begin
                // A later neuron replaces an earlier one only with a larger potential, and never with LARGEST = 0.
                if (first == t[7:0] && potential[j*HORIZON+t] >= THRESHOLD && (!found || (LARGEST != 0 && potential[j*HORIZON+t] > best))) begin
                    winner    = {NEURONS{1'b0}};
                    winner[j] = 1'b1;
                    best      = potential[j*HORIZON+t];
                    found     = 1'b1;
                end
            end
        end
        for (j = 0; j < NEURONS; j = j + 1) out[j*8+:8] = winner[j] ? first : 8'd255;
    end
endmodule
