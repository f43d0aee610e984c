// The column's one winner (rules D1, C1): the earliest neuron; among equally early ones the lowest index, or with LARGEST = 1
// the one with the largest potential and then the lowest index.
//
// The first clock in which any neuron fires decides. winner is one-hot from the next clock to the end of the wave: it is the
// column's output (losers stay low, which is infinity) and says to the synapses whose neuron learns as winner. With HOLD = 0 it needs
// no hold: once decided is high no input drives a potential any more, so that fire and levels stay as they were when they decided. Where
// the inputs go on, for other dendrites, HOLD = 1 keeps the winner. choice is the winner in the very clock that decides.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module winner_select #(
    parameter integer NEURONS     = 2,
    parameter integer POTENTIAL_W = 6,
    parameter integer LARGEST     = 0,
    parameter integer HOLD        = 0
) (
    input  wire                           clk,
    input  wire                           clear,
    input  wire [NEURONS-1:0]             fire,
    input  wire [NEURONS*POTENTIAL_W-1:0] levels,
    output reg  [NEURONS-1:0]             winner,
    output wire                           decided,
    output wire [NEURONS-1:0]             choice
);
    wire [NEURONS-1:0] candidate;
    wire [NEURONS-1:0] taken;  // a lower index is a candidate
    wire [NEURONS-1:0] first = candidate & ~taken;

    assign decided  = |winner;
    assign choice   = first & ~{NEURONS{decided}};
    assign taken[0] = 1'b0;

    genvar j, b;
    generate
        for (j = 1; j < NEURONS; j = j + 1) begin : priority_chain
            assign taken[j] = taken[j-1] | candidate[j-1];
        end

        if (LARGEST != 0) begin : largest
            // From the highest bit down: where any remaining neuron has a 1, those with a 0 leave.
            wire [NEURONS*(POTENTIAL_W+1)-1:0] remain;
            assign remain[POTENTIAL_W*NEURONS+:NEURONS] = fire;
            for (b = 0; b < POTENTIAL_W; b = b + 1) begin : level_bit
                wire [NEURONS-1:0] high;
                for (j = 0; j < NEURONS; j = j + 1) begin : of_neuron
                    assign high[j] = remain[(b+1)*NEURONS+j] & levels[j*POTENTIAL_W+b];
                end
                assign remain[b*NEURONS+:NEURONS] = (|high) ? high : remain[(b+1)*NEURONS+:NEURONS];
            end
            assign candidate = remain[NEURONS-1:0];
        end else begin : lowest
            wire unused = &{1'b0, levels};
            assign candidate = fire;
        end
    endgenerate

    always @(posedge clk) begin
        if (clear)                      winner <= {NEURONS{1'b0}};
        else if (HOLD == 0 || !decided) winner <= first;
    end
endmodule
