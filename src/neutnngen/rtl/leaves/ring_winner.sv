// The column's one winner, the earliest neuron, of equally early ones the lowest index (rules D1, C1), where neurons take turns in rings.
//
// Ring r holds the neurons r*MEMBERS …; in unit clock u neuron n of it is at head (n + u) modulo MEMBERS, and turn is u modulo MEMBERS, one-hot. winner is
// one-hot from the unit clock after the deciding one to the end of the wave. win[r]: the neuron of ring r at the last head is the winner.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module ring_winner #(
    parameter integer RINGS   = 1,
    parameter integer MEMBERS = 2
) (
    input  wire                     clk,
    input  wire                     clear,
    input  wire                     unit_end,
    input  wire [MEMBERS-1:0]       turn,
    input  wire [RINGS*MEMBERS-1:0] fire,
    output reg  [RINGS*MEMBERS-1:0] winner,
    output wire                     decided,
    output wire [RINGS-1:0]         win
);
    localparam integer NEURONS = RINGS * MEMBERS;
    wire [NEURONS-1:0] candidate, taken;

    assign decided  = |winner;
    assign taken[0] = 1'b0;

    genvar r, n, v;
    generate
        for (r = 0; r < RINGS; r = r + 1) begin : ring
            wire [MEMBERS-1:0] at_last;
            for (n = 0; n < MEMBERS; n = n + 1) begin : member
                wire [MEMBERS-1:0] seen;
                for (v = 0; v < MEMBERS; v = v + 1) begin : at
                    assign seen[v] = turn[v] & fire[r*MEMBERS + (n + v) % MEMBERS];
                end
                assign candidate[r*MEMBERS+n] = |seen;
                assign at_last[n] = turn[MEMBERS-1-n] & winner[r*MEMBERS+n];
            end
            assign win[r] = |at_last;
        end
        for (n = 1; n < NEURONS; n = n + 1) begin : priority_chain
            assign taken[n] = taken[n-1] | candidate[n-1];
        end
    endgenerate

    always @(posedge clk) begin
        if (clear)                    winner <= {NEURONS{1'b0}};
        else if (unit_end & ~decided) winner <= candidate & ~taken;
    end
endmodule
