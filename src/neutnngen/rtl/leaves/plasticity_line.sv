// What learning asks of the synapses of one input line in the update clock (rules R1 … R6).
//
// Only the winner's synapse can move by R1, R2 or R4, so its weight is selected here and the stabiliser is looked up once
// for the line. up and down never ask the winner's weight to leave its range. search (R3) is for all other neurons.
// Signals capture … search_enable and reverse are already gated with the update clock; minimum and the stabiliser bits need not be.
// reverse: R1 the other way round, for a winner that is not the label (rule R9).
module plasticity_line #(
    parameter integer SYNAPSES = 2,
    parameter integer WEIGHT_W = 3
) (
    input  wire                         capture,
    input  wire                         minus,
    input  wire                         backoff,
    input  wire                         search_enable,
    input  wire                         reverse,
    input  wire                         minimum,
    input  wire [(1<<WEIGHT_W)-1:0]     stabilise_up,
    input  wire [(1<<WEIGHT_W)-1:0]     stabilise_down,
    input  wire                         spike,
    input  wire                         early,
    input  wire [SYNAPSES-1:0]          winner,
    input  wire [SYNAPSES*WEIGHT_W-1:0] weights,
    output wire                         up,
    output wire                         down,
    output wire                         search
);
    wire [WEIGHT_W-1:0] weight;

    genvar j, k;
    generate
        for (k = 0; k < WEIGHT_W; k = k + 1) begin : select_bit
            wire [SYNAPSES-1:0] of_winner;
            for (j = 0; j < SYNAPSES; j = j + 1) begin : select_synapse
                assign of_winner[j] = winner[j] & weights[j*WEIGHT_W+k];
            end
            assign weight[k] = |of_winner;
        end
    endgenerate

    assign up     = spike & early & capture & (minimum | stabilise_up[weight]) & ~&weight;
    assign down   = (spike ? (early & reverse) | (~early & minus) : backoff) & (minimum | stabilise_down[weight]) & |weight;
    assign search = spike & search_enable;
endmodule
