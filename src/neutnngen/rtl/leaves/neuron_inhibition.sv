// Inhibition among the neurons of a column (rule C1).
//
// fire[j] is high in the clock in which neuron j fires (and may be high again later, for its other dendrites); levels are the potentials at
// that clock. MODE 0: all earliest pass; 1: of these the lowest index; 2: the largest level, then the lowest index; 3: the K earliest, of
// equally early ones the lowest indices. passed rises one clock after the neuron fires and stays high to the end of the wave.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module neuron_inhibition #(
    parameter integer NEURONS = 2,
    parameter integer LEVEL_W = 6,
    parameter integer MODE    = 0,
    parameter integer K       = 1
) (
    input  wire                       clk,
    input  wire                       clear,
    input  wire [NEURONS-1:0]         fire,
    input  wire [NEURONS*LEVEL_W-1:0] levels,
    output reg  [NEURONS-1:0]         passed
);
    genvar j;
    generate
        if (MODE == 0) begin : all_earliest
            wire unused = &{1'b0, levels};
            always @(posedge clk) begin
                if (clear)                          passed <= {NEURONS{1'b0}};
                else if (passed == {NEURONS{1'b0}}) passed <= fire;
            end
        end else if (MODE == 3) begin : k_earliest
            // count[j]: neurons that have passed, and those below j that pass now.
            localparam integer COUNT_W = $clog2(NEURONS + 1) + 1;
            wire [COUNT_W-1:0] count[0:NEURONS];
            wire [NEURONS-1:0] joins;
            integer n;
            reg [COUNT_W-1:0] already;
            always @* begin
                already = {COUNT_W{1'b0}};
                for (n = 0; n < NEURONS; n = n + 1) already = already + COUNT_W'(passed[n]);
            end
            assign count[0] = already;
            for (j = 0; j < NEURONS; j = j + 1) begin : rank
                assign joins[j]    = fire[j] & ~passed[j] & (count[j] < COUNT_W'(K));
                assign count[j+1] = count[j] + COUNT_W'(joins[j]);
            end
            wire unused = &{1'b0, levels, count[NEURONS]};
            always @(posedge clk) begin
                if (clear) passed <= {NEURONS{1'b0}};
                else       passed <= passed | joins;
            end
        end else begin : one
            wire decided;
            wire [NEURONS-1:0] one_passed, chosen;
            winner_select #(
                .NEURONS(NEURONS), .POTENTIAL_W(LEVEL_W), .LARGEST((MODE == 2) ? 1 : 0), .HOLD(1)
            ) select (
                .clk(clk), .clear(clear), .fire(fire), .levels(levels), .winner(one_passed), .decided(decided), .choice(chosen)
            );
            wire unused = &{1'b0, decided, chosen};
            always @* passed = one_passed;
        end
    endgenerate
endmodule
