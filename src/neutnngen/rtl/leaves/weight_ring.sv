// The weights of MEMBERS neurons on SLOTS lines: a shift register that never stands still, so that a weight needs no gate to hold it (rule S1).
//
// Head k is the last of SLOTS places of member k. A weight passes one head per unit clock: in unit clock u, slot s, head k holds
// the weight of line s to neuron (k - u) modulo MEMBERS. back is what the last head's weight becomes; it enters at the first place.
module weight_ring #(
    parameter integer SLOTS    = 3,
    parameter integer MEMBERS  = 2,
    parameter integer WEIGHT_W = 3
) (
    input  wire                        clk,
    input  wire [WEIGHT_W-1:0]         back,
    output wire [MEMBERS*WEIGHT_W-1:0] heads
);
    localparam integer PLACES = SLOTS * MEMBERS;

    reg [PLACES*WEIGHT_W-1:0] weights;

    genvar k;
    generate
        for (k = 0; k < MEMBERS; k = k + 1) begin : head
            assign heads[k*WEIGHT_W+:WEIGHT_W] = weights[((k+1)*SLOTS-1)*WEIGHT_W+:WEIGHT_W];
        end
        if (PLACES == 1) begin : alone
            always @(posedge clk) weights <= back;
        end else begin : ring
            always @(posedge clk) weights <= {weights[(PLACES-1)*WEIGHT_W-1:0], back};
        end
    endgenerate
endmodule
